/** Notices peers from whom nothing comes any more, though their connection stands: stopped, or cut off. */

export interface HeartbeatOptions {
  readonly everyMs: number;
  /** Silence after which a peer counts as lost. */
  readonly lossMs: number;
  /** Sends a sign of life to all peers. */
  beat(): void;
  /** A peer was silent for too long, in milliseconds. */
  silent(rank: number, forMs: number): void;
}

export class Heartbeat {
  private readonly heard = new Map<number, number>();
  private readonly timer: NodeJS.Timeout;
  private ticked = performance.now();

  constructor(
    private readonly options: HeartbeatOptions,
    ranks: readonly number[],
  ) {
    for (const rank of ranks) this.hear(rank);
    this.timer = setInterval(() => this.tick(), options.everyMs);
    this.timer.unref();
  }

  hear(rank: number): void {
    this.heard.set(rank, performance.now());
  }

  forget(rank: number): void {
    this.heard.delete(rank);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = performance.now();
    const late = now - this.ticked > 2 * this.options.everyMs;
    this.ticked = now;
    this.options.beat();
    // This process itself was stopped or busy: what arrived meanwhile is read before anybody is judged.
    if (late) return;
    for (const [rank, at] of this.heard) {
      if (now - at > this.options.lossMs) this.options.silent(rank, now - at);
    }
  }
}
