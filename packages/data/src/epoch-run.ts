import type { BadImages } from './bad-images.js';
import { ImageError } from './errors.js';
import { IGNORED } from './label-map.js';
import type { Batch, ImageSource, SegmentationSource } from './loader.js';
import type { Ring, Slot } from './ring.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import { type ShareOptions, shareOf } from './share.js';
import { type LoaderThread, loaderThreads } from './threads.js';
import type { Transform } from './transform.js';

/** Images that a thread is given at a time: enough that messages cost little, few enough that all threads share a batch. */
const TASK_IMAGES = 8;
/** Tasks of a thread, so that it finds the next when it has done one. */
const TASKS_AHEAD = 2;

let runs = 0;

export interface EpochJob {
  readonly folder: ImageSource | SegmentationSource;
  readonly transform: Transform | SegmentationTransform;
  /** Of a batch over all processes, of which this one delivers its share. */
  readonly batchSize: number;
  readonly share: ShareOptions;
  readonly seed: number;
  readonly epoch: number;
  readonly maxPixels: number;
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
  /** Position in the order of its first image. */
  readonly first: number;
  readonly size: number;
  readonly slot: Slot;
  /** Rows that were given out to be filled. */
  assigned: number;
  /** Images still to come. */
  missing: number;
}

/** An image of a task: its row of the batch, the index asked for, and the one to read in its stead. */
interface Wanted {
  readonly row: number;
  readonly wanted: number;
  readonly index: number;
}

/**
 * One pass over (the rest of) an epoch. Threads are given the positions of the order a few at a time and fill the
 * slots of the ring; batches are handed out in order. Which thread reads what has no influence on the result.
 */
export class EpochRun {
  private readonly number = runs++;
  private readonly queue: Filling[] = [];
  /** The batch whose images are given out next. */
  private filling: Filling | undefined;
  private nextFilled: number;
  private nextBatch: number;
  private stopped = false;
  private aborted = false;
  private failure: { readonly batch: number; readonly error: unknown } | undefined;
  private threads: readonly LoaderThread[] = [];
  private work: Promise<void>[] = [];
  private notify: (() => void) | undefined;

  constructor(private readonly job: EpochJob) {
    this.nextBatch = job.startBatch;
    this.nextFilled = job.startBatch;
  }

  start(workers: number): void {
    const { transform, seed, epoch, maxPixels, ring } = this.job;
    const slots = ring.slots.map(({ images, color, targets, labelled }) => ({
      images,
      color,
      targets,
      labelled,
    }));
    this.threads = loaderThreads(workers);
    const setup = { transform: transform.spec, seed, epoch, maxPixels, slots };
    for (const thread of this.threads) thread.open(this.number, setup);
    this.work = Array.from({ length: TASKS_AHEAD }, () =>
      this.threads.map((thread) => this.feed(thread)),
    ).flat();
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

  /** Ends the run at once, also where a file does not answer; a waiting `next` rejects with `reason`. */
  stop(reason: unknown): void {
    this.stopped = true;
    this.failure = { batch: -1, error: reason };
    this.aborted = true;
    for (const thread of this.threads) thread.abandon();
    this.job.ring.wake();
    this.notify?.();
  }

  /** Waits for the threads to finish their tasks and gives back the slots that were not handed out. */
  async close(): Promise<void> {
    this.stopped = true;
    this.job.ring.wake();
    await Promise.all(this.work);
    for (const thread of this.threads) thread.close(this.number);
    const { ring } = this.job;
    for (const { slot } of this.queue.splice(0)) {
      if (this.aborted) ring.renew(slot);
      else ring.give(slot);
    }
  }

  private async feed(thread: LoaderThread): Promise<void> {
    while (!this.stopped) {
      const filling = this.currentFilling();
      if (filling === null) return;
      if (!filling) {
        await this.job.ring.changed();
        continue;
      }
      const first = filling.assigned;
      const count = Math.min(TASK_IMAGES, filling.size - first);
      filling.assigned += count;
      try {
        await this.fill(thread, filling, first, count);
      } catch (error) {
        this.fail(filling.number, error);
      }
      filling.missing -= count;
      if (filling.missing === 0) this.notify?.();
    }
  }

  /** The batch that has images to give out; undefined where it needs a slot and none is free, null at the end. */
  private currentFilling(): Filling | undefined | null {
    while (!this.filling || this.filling.assigned === this.filling.size) {
      if (this.nextFilled * this.job.batchSize >= this.job.end) return null;
      const slot = this.job.ring.take();
      if (!slot) return undefined;
      this.filling = this.begin(this.nextFilled++, slot);
    }
    return this.filling;
  }

  /** This process's part of batch `number`: it may be empty, and is then complete. */
  private begin(number: number, slot: Slot): Filling {
    const { batchSize, share, end } = this.job;
    const first = number * batchSize;
    const part = shareOf(Math.min(batchSize, end - first), share);
    const size = part.end - part.begin;
    this.clear(slot, size, slot.labels.length);
    const filling = { number, first: first + part.begin, size, slot, assigned: 0, missing: size };
    this.queue.push(filling);
    if (size === 0) this.notify?.();
    return filling;
  }

  /** Marks rows that hold no image. */
  private clear({ labels, targets, labelled, indices }: Slot, from: number, to: number): void {
    const pixels = (targets?.length ?? 0) / Math.max(1, labels.length);
    labels.fill(-1, from, to);
    targets?.fill(IGNORED, pixels * from, pixels * to);
    labelled?.fill(0, from, to);
    indices.fill(-1, from, to);
  }

  /** Has `count` rows of a batch filled, unreadable images replaced or left out as the policy says. */
  private async fill(thread: LoaderThread, filling: Filling, first: number, count: number): Promise<void> {
    const { folder, order, bad } = this.job;
    const { slot } = filling;
    let rows = Array.from({ length: count }, (_, i) => {
      const wanted = order[filling.first + first + i] ?? 0;
      return { row: first + i, wanted, index: this.readable(wanted) };
    });
    while (rows.length > 0) {
      const tasks = rows.map(({ row, wanted, index }) => ({ row, wanted, ...filesOf(folder, index) }));
      const failed = await thread.fill(this.number, slot.id, tasks);
      const failures = new Map(failed.map((failure) => [failure.row, failure]));
      const again: Wanted[] = [];
      for (const task of rows) {
        const failure = failures.get(task.row);
        if (!failure) {
          slot.labels[task.row] = 'label' in folder ? folder.label(task.index) : -1;
          slot.indices[task.row] = task.index;
        } else {
          const error = new ImageError(folder.path(task.index), failure.reason, failure.code);
          // No fault of the file: others will have such pixels, too.
          if (failure.code === 'unknown-class') throw error;
          bad.add(task.index, error);
          if (bad.replaces) again.push(task);
          else this.clear(slot, task.row, task.row + 1);
        }
      }
      rows = again.map(({ row, wanted }) => ({ row, wanted, index: this.readable(wanted) }));
    }
  }

  /** The index `wanted`, or the next in the folder's order that is not known to be unreadable. */
  private readable(wanted: number): number {
    const { folder, bad } = this.job;
    if (!bad.replaces) return wanted;
    for (let step = 0; step < folder.length; step++) {
      const index = (wanted + step) % folder.length;
      if (!bad.has(index)) return index;
    }
    throw new Error('No image of the data set can be read.');
  }

  /** Positions are taken in order, so the batches before the earliest failure will still become full. */
  private fail(batch: number, error: unknown): void {
    this.stopped = true;
    if (!this.failure || batch < this.failure.batch) this.failure = { batch, error };
    this.notify?.();
  }

  private handOut({ number, size, slot }: Filling): Batch {
    const { images, color, targets, labelled, labels, indices } = slot;
    this.job.ring.held++;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.job.ring.held--;
      this.job.ring.give(slot);
    };
    return { images, color, targets, labelled, labels, indices, size, number, release };
  }
}

function filesOf(folder: ImageSource | SegmentationSource, index: number) {
  const path = folder.path(index);
  return 'labelPath' in folder ? { path, labelPath: folder.labelPath(index) } : { path };
}
