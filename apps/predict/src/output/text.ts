/** Results as text: readable lines, JSON lines and CSV. */
import { printable } from '@inplace-abn/cli';
import type { Guess, Result, Sink } from './result.js';
import type { Target } from './stream.js';

/** Writes a line for each result, after `before`. */
class Lines implements Sink {
  constructor(
    private readonly target: Target,
    private readonly lineOf: (result: Result) => string,
    private before = '',
  ) {}

  async add(result: Result): Promise<void> {
    const line = `${this.before}${this.lineOf(result)}\n`;
    this.before = '';
    await this.target.write(line);
  }

  async close(): Promise<void> {
    if (this.before) await this.target.write(this.before);
    await this.target.close();
  }

  abandon(error: unknown): Promise<void> {
    return this.target.abandon(error);
  }
}

/**
 * `photos/a.jpg: tabby 83.1 %, tiger cat 12.0 %`, or `none` without a label. Skips images that cannot be
 * used, which are reported elsewhere.
 */
export function readableLines(target: Target): Sink {
  const lines = new Lines(target, (result) => {
    const guesses = 'guesses' in result ? result.guesses : [];
    return `${printable(result.file)}: ${guesses.map(readable).join(', ') || 'none'}`;
  });
  return {
    add: async (result) => ('error' in result ? undefined : lines.add(result)),
    close: () => lines.close(),
    abandon: (error) => lines.abandon(error),
  };
}

function readable({ name, probability }: Guess): string {
  return `${printable(name)} ${(100 * probability).toFixed(1)} %`;
}

/** One object per line: `file`, and `predictions`, `features` or `error`. */
export function jsonLines(target: Target): Sink {
  return new Lines(target, (result) => {
    const { file } = result;
    if ('error' in result) return JSON.stringify({ file, error: result.error });
    if ('vector' in result) return JSON.stringify({ file, features: [...result.vector] });
    const predictions = result.guesses.map(({ label, name, probability }) => ({
      class: name,
      label,
      probability,
    }));
    return JSON.stringify({ file, predictions });
  });
}

/** One row per image: file, error, and class, label and probability of each guess (RFC 4180). */
export function csv(target: Target, top: number): Sink {
  const numbered = Array.from({ length: top }, (_, i) => [
    `class_${i + 1}`,
    `label_${i + 1}`,
    `probability_${i + 1}`,
  ]);
  const head = row(['file', 'error', ...numbered.flat()]);
  const line = (result: Result) => {
    const guesses = 'guesses' in result ? result.guesses : [];
    const cells = Array.from({ length: top }, (_, i) => {
      const guess = guesses[i];
      return guess ? [guess.name, String(guess.label), String(guess.probability)] : ['', '', ''];
    });
    return row([result.file, 'error' in result ? result.error : '', ...cells.flat()]);
  };
  return new Lines(target, line, `${head}\n`);
}

/** One row per image: file, error, labels and probabilities, the lists separated by semicolons. */
export function csvOfLabels(target: Target): Sink {
  const line = (result: Result) => {
    const guesses = 'guesses' in result ? result.guesses : [];
    const lists = [guesses.map(({ name }) => name), guesses.map(({ probability }) => probability)];
    return row([result.file, 'error' in result ? result.error : '', ...lists.map((list) => list.join(';'))]);
  };
  return new Lines(target, line, `${row(['file', 'error', 'labels', 'probabilities'])}\n`);
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
