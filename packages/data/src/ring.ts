/** The arrays of a batch that threads fill, in shared memory. */
export interface SharedSlot {
  readonly images: Uint8Array;
  readonly color: Float32Array;
  /** Class ids of every pixel; null for classification. */
  readonly targets: Uint8Array | null;
  /** Pixels of each image whose class id counts; null for classification. */
  readonly labelled: Int32Array | null;
}

/** The arrays of one batch, allocated once and used again and again. */
export interface Slot extends SharedSlot {
  /** Position among the ring's slots. */
  readonly id: number;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
}

/** A fixed number of slots: what bounds the memory of a loader and how far it may run ahead. */
export class Ring {
  /** Slots in the consumer's hands. */
  held = 0;
  readonly slots: Slot[];
  private readonly free: Slot[];
  private waiting: (() => void)[] = [];
  private readonly make: (id: number) => Slot;

  /**
   * @param pixels of one image
   * @param withTargets whether each has a class id
   */
  constructor(
    readonly size: number,
    batchSize: number,
    pixels: number,
    withTargets: boolean,
  ) {
    this.make = (id) => ({
      id,
      images: new Uint8Array(new SharedArrayBuffer(batchSize * pixels * 3)),
      color: new Float32Array(new SharedArrayBuffer(batchSize * 12 * 4)),
      targets: withTargets ? new Uint8Array(new SharedArrayBuffer(batchSize * pixels)) : null,
      labelled: withTargets ? new Int32Array(new SharedArrayBuffer(batchSize * 4)) : null,
      labels: new Int32Array(batchSize),
      indices: new Int32Array(batchSize),
    });
    this.slots = Array.from({ length: size }, (_, id) => this.make(id));
    this.free = [...this.slots];
  }

  /** A free slot, or undefined. */
  take(): Slot | undefined {
    return this.free.shift();
  }

  give(slot: Slot): void {
    this.free.push(slot);
    this.wake();
  }

  /** Gives back a slot with new arrays: a thread that was left to its file may still write to the old ones. */
  renew({ id }: Slot): void {
    const slot = this.make(id);
    this.slots[id] = slot;
    this.give(slot);
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
