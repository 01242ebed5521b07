/** The arrays of one batch, allocated once and used again and again. */
export interface Slot {
  readonly images: Uint8Array;
  readonly color: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
}

/** A fixed number of slots: what bounds the memory of a loader and how far it may run ahead. */
export class Ring {
  /** Slots in the consumer's hands. */
  held = 0;
  private readonly free: Slot[];
  private waiting: (() => void)[] = [];

  /** @param imageBytes bytes of one image */
  constructor(
    readonly size: number,
    batchSize: number,
    imageBytes: number,
  ) {
    this.free = Array.from({ length: size }, () => ({
      images: new Uint8Array(batchSize * imageBytes),
      color: new Float32Array(batchSize * 12),
      labels: new Int32Array(batchSize),
      indices: new Int32Array(batchSize),
    }));
  }

  /** A free slot, or undefined. */
  take(): Slot | undefined {
    return this.free.shift();
  }

  give(slot: Slot): void {
    this.free.push(slot);
    this.wake();
  }

  /** Resolves when a slot has come back, or at `wake`. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
