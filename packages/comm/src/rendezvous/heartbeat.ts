/** Detects peers that are stopped or cut off although their connection is still open. */

export interface HeartbeatOptions {
  readonly everyMs: number;
  /** Silence in milliseconds after which a peer counts as lost. */
  readonly lossMs: number;
  /** Sends a heartbeat to all peers. */
  beat(): void;
  /** A peer has been silent for too long, in milliseconds. */
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
    // This process itself was stopped or busy: read what has arrived before judging anyone.
    if (late) return;
    for (const [rank, at] of this.heard) {
      if (now - at > this.options.lossMs) this.options.silent(rank, now - at);
    }
  }
}
