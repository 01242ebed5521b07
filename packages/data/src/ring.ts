/** The arrays of a batch that worker threads fill, in shared memory. */
export interface SharedSlot {
  readonly images: Uint8Array;
  readonly color: Float32Array;
  /** Class ids of every pixel; null for classification. */
  readonly targets: Uint8Array | null;
  /** Pixels per image whose class id is not 255; null for classification. */
  readonly labeled: Int32Array | null;
}

/** The arrays of one batch, allocated once and reused. */
export interface Slot extends SharedSlot {
  /** Index in the ring. */
  readonly id: number;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
  /** N×K, 1 for each class of an image; null if each image has one label. */
  readonly labelSets: Uint8Array | null;
}

/** A fixed number of slots. Bounds the memory of a loader and how far it runs ahead. */
export class Ring {
  /** Slots that the consumer holds. */
  held = 0;
  readonly slots: Slot[];
  private readonly free: Slot[];
  private waiting: (() => void)[] = [];
  private readonly make: (id: number) => Slot;

  /**
   * @param pixels pixels per image
   * @param withTargets whether pixels have class ids
   * @param classes columns of the label sets; 0: there are none
   */
  constructor(
    readonly size: number,
    batchSize: number,
    pixels: number,
    withTargets: boolean,
    classes = 0,
  ) {
    this.make = (id) => ({
      id,
      images: new Uint8Array(new SharedArrayBuffer(batchSize * pixels * 3)),
      color: new Float32Array(new SharedArrayBuffer(batchSize * 12 * 4)),
      targets: withTargets ? new Uint8Array(new SharedArrayBuffer(batchSize * pixels)) : null,
      labeled: withTargets ? new Int32Array(new SharedArrayBuffer(batchSize * 4)) : null,
      labels: new Int32Array(batchSize),
      indices: new Int32Array(batchSize),
      labelSets: classes > 0 ? new Uint8Array(batchSize * classes) : null,
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

  /** Frees a slot but gives it new arrays: an abandoned thread may still write to the old ones. */
  renew({ id }: Slot): void {
    const slot = this.make(id);
    this.slots[id] = slot;
    this.give(slot);
  }

  /** Resolves when a slot is released, or at `wake`. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
