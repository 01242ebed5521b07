/** Simulates the thread of a group, which runs sums in the background one after the other. */
import type { StartEvent } from './program.js';

/** A sum in the background. Times are in seconds from the beginning of the step. */
export interface SentSum {
  /** Module path of its op, such as `bucket3`. */
  readonly path: string;
  /** Bytes of the vector of one process. */
  readonly bytes: number;
  /** When its operand is computed. */
  readonly ready: number;
  /** When it begins, because the sums before it are done. */
  readonly begin: number;
  /** When every process has the sum. */
  readonly end: number;
  /** When the compute thread begins to wait for it; Infinity if it never does. */
  readonly needed: number;
}

interface Pending {
  readonly start: StartEvent;
  readonly ready: number;
}

/**
 * Order of the sums that are ready: the one with the lowest number goes first; of equal ones, the one that
 * was started first.
 */
export type Urgency = (sum: number) => number;

/** The sums that were started. Calls must be in the order of time. */
export class Lane {
  private readonly sent = new Map<number, Omit<SentSum, 'needed'>>();
  private readonly needs = new Map<number, number>();
  private pending: Pending[] = [];
  /** When the last sum that had its turn is done. */
  private free = 0;

  constructor(
    private readonly secondsOf: (bytes: number) => number,
    private readonly urgency: Urgency = () => 0,
  ) {}

  start(start: StartEvent, now: number): void {
    this.advance(now);
    this.pending.push({ start, ready: now });
  }

  /** Seconds from `now` on in which the link is busy with sums started before. */
  busyAt(now: number): number {
    this.advance(now);
    const waiting = this.pending.reduce((sum, { start }) => sum + this.secondsOf(start.bytes), 0);
    return Math.max(0, this.free - now) + waiting;
  }

  /**
   * When a thread that waits for a sum from `now` on can continue.
   *
   * @throws RangeError for a sum that was not started
   */
  wait(sum: number, now: number): number {
    this.needs.set(sum, now);
    this.advance(now);
    while (!this.sent.has(sum)) {
      if (this.pending.length === 0) throw new RangeError('a step waits for a sum that it has not started');
      this.turn();
    }
    return Math.max(now, this.sent.get(sum)?.end ?? now);
  }

  /** All sums, in the order in which they were sent. */
  all(): SentSum[] {
    while (this.pending.length > 0) this.turn();
    return [...this.sent].map(([sum, sent]) => {
      return { ...sent, needed: this.needs.get(sum) ?? Number.POSITIVE_INFINITY };
    });
  }

  /** Runs the sums whose turn begins before `now`; sums that are started later cannot change them. */
  private advance(now: number): void {
    while (this.pending[0] && Math.max(this.free, this.pending[0].ready) < now) this.turn();
  }

  private turn(): void {
    const begin = Math.max(this.free, this.pending[0]?.ready ?? 0);
    const able = this.pending.filter(({ ready }) => ready <= begin);
    const next = able.reduce((a, b) => (this.urgency(b.start.sum) < this.urgency(a.start.sum) ? b : a));
    this.pending = this.pending.filter((each) => each !== next);
    this.free = begin + this.secondsOf(next.start.bytes);
    const { sum, path, bytes } = next.start;
    this.sent.set(sum, { path, bytes, ready: next.ready, begin, end: this.free });
  }
}
