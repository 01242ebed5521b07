/** Combines the exit statuses of several processes into one. */
import { constants } from 'node:os';

export interface End {
  readonly rank: number;
  readonly code: number;
  /** Signal sent to all processes before this one ended; null if none. */
  readonly asked: NodeJS.Signals | null;
}

/** Exit code in the shell's convention: 128 plus the signal number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal ? constants.signals[signal] : 0);
}

export class Verdict {
  private failure: End | null = null;
  private stopped = 0;

  /**
   * Returns true if this is the first failure. A process that ends by the requested signal has not failed.
   */
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
