import { printableLines } from '@inplace-abn/cli';
import { formatProgress, type ProgressState } from './format.js';

/** The part of an output stream that is needed here; `process.stdout` has it. */
export interface ProgressStream {
  /** Writes text. */
  write(text: string): unknown;
  /** Whether it is a terminal, where one line is redrawn. */
  isTTY?: boolean;
  /** Width of the terminal. */
  columns?: number;
  /** False once nobody reads the stream any more. */
  readonly writable?: boolean;
}

/** Options of {@link Progress}. */
export interface ProgressOptions {
  /** Where progress is written. Default: standard output. */
  stream?: ProgressStream;
  /** Steps between lines if the stream is not a terminal. Default 10. */
  printFreq?: number;
  /** Where NO_COLOR and TERM are read; default: the environment of the process. */
  env?: Readonly<Record<string, string | undefined>>;
}

const clearLine = '\r\u001b[2K';

/**
 * Shows the progress of a run: on a terminal as one line that is redrawn, elsewhere as plain lines.
 *
 * Print all output of a run through this class, so that it does not break up the line. Respects NO_COLOR; a
 * terminal with TERM=dumb does not count as one.
 */
export class Progress {
  private readonly stream: ProgressStream;
  private readonly printFreq: number;
  private readonly terminal: boolean;
  private readonly color: boolean;
  private line = '';

  /**
   * Shows nothing until the first update.
   *
   * @param options stream and interval; default: standard output, every 10 steps off a terminal
   */
  constructor(options: ProgressOptions = {}) {
    const env = options.env ?? process.env;
    this.stream = options.stream ?? process.stdout;
    this.printFreq = Math.max(1, options.printFreq ?? 10);
    this.terminal = this.stream.isTTY === true && env.TERM !== 'dumb';
    this.color = this.terminal && !env.NO_COLOR;
  }

  /** Shows the state after a step. */
  update(state: ProgressState): void {
    if (this.terminal) {
      // One column less, because some terminals wrap after a full line.
      this.line = formatProgress(state, { width: (this.stream.columns || 80) - 1, color: this.color });
      this.write(`${clearLine}${this.line}`);
    } else if (state.step % this.printFreq === 0 || state.step === state.steps) {
      this.write(`${formatProgress(state)}\n`);
    }
  }

  /** Prints lines above the progress line. Control characters in them are escaped. */
  note(text: string): void {
    const lines = `${printableLines(text)}\n`;
    this.write(this.line === '' ? lines : `${clearLine}${lines}${this.line}`);
  }

  /** Keeps the last line on screen, at the end of an epoch or of the run. */
  finish(): void {
    if (this.line !== '') this.write('\n');
    this.line = '';
  }

  /** If the reader is gone, progress ends but the run continues. */
  private write(text: string): void {
    if (this.stream.writable !== false) this.stream.write(text);
  }
}
