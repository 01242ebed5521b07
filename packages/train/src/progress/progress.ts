import { printableLines } from '@inplace-abn/cli';
import { formatProgress, type ProgressState } from './format.js';

/** What is needed of an output stream; `process.stdout` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  /** false where nobody reads any more. */
  readonly writable?: boolean;
}

export interface ProgressOptions {
  stream?: ProgressStream;
  /** Where the stream is no terminal, print every this many steps. */
  printFreq?: number;
  env?: Readonly<Record<string, string | undefined>>;
}

const clearLine = '\r\u001b[2K';

/**
 * Shows the progress of a run: one line that is redrawn on a terminal, plain lines elsewhere.
 *
 * Everything that a run prints goes through here, so that nothing tears the line apart. Colors are left out
 * where NO_COLOR is set; a terminal of TERM=dumb is treated as none.
 */
export class Progress {
  private readonly stream: ProgressStream;
  private readonly printFreq: number;
  private readonly terminal: boolean;
  private readonly colour: boolean;
  private line = '';

  constructor(options: ProgressOptions = {}) {
    const env = options.env ?? process.env;
    this.stream = options.stream ?? process.stdout;
    this.printFreq = Math.max(1, options.printFreq ?? 10);
    this.terminal = this.stream.isTTY === true && env.TERM !== 'dumb';
    this.colour = this.terminal && !env.NO_COLOR;
  }

  /** Shows the state after a step. */
  update(state: ProgressState): void {
    if (this.terminal) {
      // One column less: a full line makes some terminals wrap.
      this.line = formatProgress(state, { width: (this.stream.columns || 80) - 1, colour: this.colour });
      this.write(`${clearLine}${this.line}`);
    } else if (state.step % this.printFreq === 0 || state.step === state.steps) {
      this.write(`${formatProgress(state)}\n`);
    }
  }

  /** Prints lines of their own above the progress line; names in them cannot steer the terminal. */
  note(text: string): void {
    const lines = `${printableLines(text)}\n`;
    this.write(this.line === '' ? lines : `${clearLine}${lines}${this.line}`);
  }

  /** Leaves the last line standing, at the end of an epoch or of the run. */
  finish(): void {
    if (this.line !== '') this.write('\n');
    this.line = '';
  }

  /** Progress ends with its reader, the run goes on. */
  private write(text: string): void {
    if (this.stream.writable !== false) this.stream.write(text);
  }
}
