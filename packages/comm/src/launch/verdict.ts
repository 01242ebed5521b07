/** What the ends of several processes are together. */
import { constants } from 'node:os';

export interface End {
  readonly rank: number;
  readonly code: number;
  /** Signal that all were sent before; null: none. */
  readonly asked: NodeJS.Signals | null;
}

/** As shells count: 128 and the signal's number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal ? constants.signals[signal] : 0);
}

export class Verdict {
  private failure: End | null = null;
  private stopped = 0;

  /** Whether this is the first failure. One that ends as it was asked to has not failed. */
  add(end: End): boolean {
    if (end.code === 0) return false;
    if (end.asked && end.code === exitCodeOf(null, end.asked)) {
      this.stopped = end.code;
      return false;
    }
    if (this.failure) return false;
    this.failure = end;
    return true;
  }

  get exitCode(): number {
    return this.failure?.code ?? this.stopped;
  }
}
