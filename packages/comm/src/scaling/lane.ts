/** The thread of a group that runs sums one after the other. */
import type { StartEvent } from './program.js';

/** A sum in the background: seconds from the step's beginning. */
export interface SentSum {
  /** Module path of its op, such as `bucket3`. */
  readonly path: string;
  /** Bytes of the vector of one process. */
  readonly bytes: number;
  /** Its operand is computed. */
  readonly ready: number;
  /** The sums before it are done. */
  readonly begin: number;
  /** Every process has the sum. */
  readonly end: number;
  /** The compute thread has nothing left to do without it. */
  readonly needed: number;
}

interface Pending {
  readonly start: StartEvent;
  readonly ready: number;
}

/**
 * Which of several sums that are ready goes first: the one of the least number, then the one that was started
 * first.
 */
export type Urgency = (sum: number) => number;

/** Sums that were started, told in the order of time. */
export class Lane {
  private readonly sent = new Map<number, Omit<SentSum, 'needed'>>();
  private readonly needs = new Map<number, number>();
  private pending: Pending[] = [];
  /** When the sums that had their turn are done. */
  private free = 0;

  constructor(
    private readonly secondsOf: (bytes: number) => number,
    private readonly urgency: Urgency = () => 0,
  ) {}

  start(start: StartEvent, now: number): void {
    this.advance(now);
    this.pending.push({ start, ready: now });
  }

  /** Seconds for which the link carries what was started until `now`. */
  busyAt(now: number): number {
    this.advance(now);
    const waiting = this.pending.reduce((sum, { start }) => sum + this.secondsOf(start.bytes), 0);
    return Math.max(0, this.free - now) + waiting;
  }

  /** When a sum is done for a thread that needs it from `now` on. */
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

  /** Gives turns that begin before `now`: what is started later cannot change them. */
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
