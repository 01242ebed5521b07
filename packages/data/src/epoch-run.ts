import { performance } from 'node:perf_hooks';
import { setImmediate as immediate } from 'node:timers/promises';
import type { BadImages } from './bad-images.js';
import { ImageError } from './errors.js';
import type { Image } from './image.js';
import type { Batch, ImageSource } from './loader.js';
import { Random, Stream } from './random.js';
import { ImageReader } from './reader.js';
import type { Ring, Slot } from './ring.js';
import type { Transform } from './transform.js';

/** Work done on the event loop's thread gives way to what else is waiting there after this long. */
const TURN_MS = 2;

export interface EpochJob {
  readonly folder: ImageSource;
  readonly transform: Transform;
  readonly batchSize: number;
  readonly seed: number;
  readonly epoch: number;
  readonly order: Int32Array;
  /** Positions of `order` to visit: from startBatch · batchSize up to this. */
  readonly end: number;
  readonly startBatch: number;
  readonly ring: Ring;
  readonly bad: BadImages;
}

/** A batch that is being filled. */
interface Filling {
  readonly number: number;
  readonly size: number;
  readonly slot: Slot;
  /** Images still to come. */
  missing: number;
}

/**
 * One pass over (the rest of) an epoch. Several workers take the positions of the order one after another and fill
 * the slots of the ring; batches are handed out in order. Which worker reads what has no influence on the result.
 */
export class EpochRun {
  private readonly reader = new ImageReader();
  private readonly queue: Filling[] = [];
  private position: number;
  private nextBatch: number;
  private stopped = false;
  private failure: { readonly batch: number; readonly error: unknown } | undefined;
  private workers: Promise<void>[] = [];
  private notify: (() => void) | undefined;
  private turnStart = performance.now();

  constructor(private readonly job: EpochJob) {
    this.nextBatch = job.startBatch;
    this.position = job.startBatch * job.batchSize;
  }

  start(workers: number): void {
    this.workers = Array.from({ length: workers }, () => this.work());
  }

  /** The next batch, when it is full; undefined at the end of the epoch. Errors come at the batch they belong to. */
  async next(): Promise<Batch | undefined> {
    const number = this.nextBatch;
    if (number * this.job.batchSize >= this.job.end) return undefined;
    for (;;) {
      if (this.failure && this.failure.batch <= number) throw this.failure.error;
      const filling = this.queue[0];
      if (filling?.missing === 0) {
        this.queue.shift();
        this.nextBatch++;
        return this.handOut(filling);
      }
      if (this.job.ring.held === this.job.ring.size) {
        throw new Error(
          `All ${this.job.ring.size} batches of the ring are held: release() one before asking for the next.`,
        );
      }
      await new Promise<void>((resolve) => {
        this.notify = resolve;
      });
    }
  }

  /** Ends the run; a waiting `next` rejects with `reason`. */
  stop(reason: unknown): void {
    this.stopped = true;
    this.failure = { batch: -1, error: reason };
    this.job.ring.wake();
    this.notify?.();
  }

  /** Waits for the workers to leave and gives back the slots that were not handed out. */
  async close(): Promise<void> {
    this.stopped = true;
    this.job.ring.wake();
    await Promise.all(this.workers);
    for (const { slot } of this.queue.splice(0)) this.job.ring.give(slot);
  }

  private async work(): Promise<void> {
    while (!this.stopped && this.position < this.job.end) {
      const filling = this.currentFilling();
      if (!filling) {
        await this.job.ring.changed();
        continue;
      }
      const position = this.position++;
      try {
        await this.fill(filling, position);
      } catch (error) {
        this.fail(filling.number, error);
      }
      filling.missing--;
      if (filling.missing === 0) this.notify?.();
      if (performance.now() - this.turnStart > TURN_MS) await this.nextTurn();
    }
  }

  /** The batch that the next position belongs to; undefined if it needs a slot and none is free. */
  private currentFilling(): Filling | undefined {
    const { batchSize, end, ring } = this.job;
    const number = Math.floor(this.position / batchSize);
    const latest = this.queue.at(-1);
    if (latest?.number === number) return latest;
    const slot = ring.take();
    if (!slot) return undefined;
    const size = Math.min(batchSize, end - number * batchSize);
    slot.labels.fill(-1, size);
    slot.indices.fill(-1, size);
    const filling = { number, size, slot, missing: size };
    this.queue.push(filling);
    return filling;
  }

  private async fill({ number, slot }: Filling, position: number): Promise<void> {
    const { folder, transform, batchSize, seed, epoch, order } = this.job;
    const wanted = order[position] ?? 0;
    const { image, index } = await this.firstReadable(wanted);
    const row = position - number * batchSize;
    const bytes = transform.width * transform.height * 3;
    const pixels = slot.images.subarray(row * bytes, (row + 1) * bytes);
    const random = new Random(seed, Stream.augmentation, epoch, wanted);
    transform.apply(image, random, pixels, slot.color.subarray(row * 12, (row + 1) * 12));
    slot.labels[row] = folder.label(index);
    slot.indices[row] = index;
  }

  /** The image `wanted`, or the next in the folder's order that can be read, if the policy allows it. */
  private async firstReadable(wanted: number): Promise<{ image: Image; index: number }> {
    const { folder, bad } = this.job;
    for (let step = 0; step < folder.length; step++) {
      const index = (wanted + step) % folder.length;
      if (bad.has(index)) continue;
      try {
        const image = this.reader.read(folder.path(index));
        return { image: image instanceof Promise ? await image : image, index };
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        bad.add(index, error);
      }
    }
    throw new Error('No image of the data set can be read.');
  }

  /** Positions are taken in order, so the batches before the earliest failure will still become full. */
  private fail(batch: number, error: unknown): void {
    this.stopped = true;
    if (!this.failure || batch < this.failure.batch) this.failure = { batch, error };
    this.notify?.();
  }

  private async nextTurn(): Promise<void> {
    await immediate();
    this.turnStart = performance.now();
  }

  private handOut({ number, size, slot }: Filling): Batch {
    this.job.ring.held++;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.job.ring.held--;
      this.job.ring.give(slot);
    };
    return { ...slot, size, number, release };
  }
}
