import type { BadImages } from './bad-images.js';
import type { Cache } from './decoded-cache.js';
import { DataError, ImageError, type ImageErrorCode } from './errors.js';
import { IGNORED } from './label-coding.js';
import type { Batch, BatchMix, ImageSource, SegmentationSource } from './loader.js';
import { drawAt, type MixOptions } from './mix.js';
import type { Ring, Slot } from './ring.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import { type ShareOptions, shareOf } from './share.js';
import { type LoaderThread, loaderThreads } from './threads.js';
import type { Transform } from './transform.js';

/** Images per task: enough to make messages cheap, few enough for all threads to share a batch. */
const TASK_IMAGES = 8;
/** Tasks in flight per thread, so that a thread never waits for its next one. */
const TASKS_AHEAD = 2;

/** Problems that are not specific to a file: other label maps will have the same ids or colors. */
const OF_ALL_MAPS: ReadonlySet<ImageErrorCode> = new Set([
  'unknown-class',
  'unknown-color',
  'colored-labels',
]);

let runs = 0;

export interface EpochJob {
  readonly folder: ImageSource | SegmentationSource;
  readonly transform: Transform | SegmentationTransform;
  /** Images per global batch; this process delivers its share of them. */
  readonly batchSize: number;
  readonly share: ShareOptions;
  readonly seed: number;
  readonly epoch: number;
  readonly maxPixels: number;
  readonly order: Int32Array;
  /** Exclusive end of the positions of `order` to visit; they start at startBatch · batchSize. */
  readonly end: number;
  readonly startBatch: number;
  readonly ring: Ring;
  readonly bad: BadImages;
  /** How batches are mixed, or null. */
  readonly mix: MixOptions | null;
  readonly cache?: Cache;
}

/** A batch in the making. */
interface Filling {
  readonly number: number;
  /** Position of its first image in the order. */
  readonly first: number;
  readonly size: number;
  /**
   * Position in the order of another process's image that the first one is mixed with, read to the last row;
   * or null.
   */
  readonly partner: number | null;
  readonly slot: Slot;
  /** Images to read. */
  readonly images: number;
  /** Images already assigned to a thread. */
  assigned: number;
  /** Images that have not arrived yet. */
  missing: number;
}

/** An image of a task: its row of the batch, the index requested, and the index to read instead. */
interface Wanted {
  readonly row: number;
  readonly wanted: number;
  readonly index: number;
}

/**
 * One pass over an epoch, or the rest of one. Threads receive a few positions of the order at a time and fill
 * the slots of the ring; batches are delivered in order. The result does not depend on which thread reads
 * which image.
 */
export class EpochRun {
  private readonly number = runs++;
  private readonly queue: Filling[] = [];
  /** The batch whose images are assigned next. */
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
    const { folder, transform, seed, epoch, maxPixels, ring } = this.job;
    const slots = ring.slots.map(({ images, color, targets, labeled }) => ({
      images,
      color,
      targets,
      labeled,
    }));
    this.threads = loaderThreads(workers);
    const coding = 'labelPath' in folder ? folder.coding : undefined;
    const setup = {
      transform: transform.spec,
      seed,
      epoch,
      maxPixels,
      coding,
      cache: this.job.cache?.spec,
      slots,
    };
    for (const thread of this.threads) thread.open(this.number, setup);
    this.work = Array.from({ length: TASKS_AHEAD }, () =>
      this.threads.map((thread) => this.feed(thread)),
    ).flat();
  }

  /** The next batch once it is full; undefined at the end of the epoch. Rejects at the batch that failed. */
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
        throw new DataError(
          `All ${this.job.ring.size} batches of the ring are held: release() one before asking for the next.`,
        );
      }
      await new Promise<void>((resolve) => {
        this.notify = resolve;
      });
    }
  }

  /** Ends the run at once, even if a read hangs. A pending `next` rejects with `reason`. */
  stop(reason: unknown): void {
    this.stopped = true;
    this.failure = { batch: -1, error: reason };
    this.aborted = true;
    for (const thread of this.threads) thread.abandon();
    this.job.ring.wake();
    this.notify?.();
  }

  /** Waits for the threads to finish their tasks and returns the undelivered slots to the ring. */
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
      const count = Math.min(TASK_IMAGES, filling.images - first);
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

  /** The batch with images left to assign; undefined if it needs a slot and none is free, null at the end. */
  private currentFilling(): Filling | undefined | null {
    while (!this.filling || this.filling.assigned === this.filling.images) {
      if (this.nextFilled * this.job.batchSize >= this.job.end) return null;
      const slot = this.job.ring.take();
      if (!slot) return undefined;
      this.filling = this.begin(this.nextFilled++, slot);
    }
    return this.filling;
  }

  /** Begins this process's part of batch `number`; an empty part is complete at once. */
  private begin(number: number, slot: Slot): Filling {
    const { batchSize, share, end, mix } = this.job;
    const start = number * batchSize;
    const total = Math.min(batchSize, end - start);
    const part = shareOf(total, share);
    const size = part.end - part.begin;
    this.clear(slot, size, slot.labels.length);
    const partner = mix && share.size > 1 && size > 0 ? start + ((part.begin + total - 1) % total) : null;
    const images = size + (partner === null ? 0 : 1);
    const first = start + part.begin;
    const filling = { number, first, size, partner, slot, images, assigned: 0, missing: images };
    this.queue.push(filling);
    if (size === 0) this.notify?.();
    return filling;
  }

  /** Marks rows without an image. */
  private clear({ labels, targets, labeled, indices, labelSets }: Slot, from: number, to: number): void {
    const pixels = (targets?.length ?? 0) / Math.max(1, labels.length);
    labels.fill(-1, from, to);
    targets?.fill(IGNORED, pixels * from, pixels * to);
    labeled?.fill(0, from, to);
    indices.fill(-1, from, to);
    const classes = (labelSets?.length ?? 0) / Math.max(1, labels.length);
    labelSets?.fill(0, classes * from, classes * to);
  }

  /**
   * Assigns `count` rows of a batch to a thread; replaces or leaves out unreadable images as the policy says.
   */
  private async fill(thread: LoaderThread, filling: Filling, first: number, count: number): Promise<void> {
    const { folder, order, bad } = this.job;
    const { slot } = filling;
    let rows = Array.from({ length: count }, (_, i) => {
      const { row, position } = placeOf(filling, first + i);
      const wanted = order[position] ?? 0;
      return { row, wanted, index: this.readable(wanted) };
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
          if ('label' in folder) setLabels(slot, task.row, folder.labelSet?.(task.index));
          slot.indices[task.row] = task.index;
        } else {
          const error = new ImageError(folder.path(task.index), failure.reason, failure.code);
          if (OF_ALL_MAPS.has(failure.code)) throw error;
          bad.add(task.index, error);
          if (bad.replaces) again.push(task);
          else this.clear(slot, task.row, task.row + 1);
        }
      }
      rows = again.map(({ row, wanted }) => ({ row, wanted, index: this.readable(wanted) }));
    }
  }

  /** `wanted`, or the next index of the folder that is not known to be unreadable. */
  private readable(wanted: number): number {
    const { folder, bad } = this.job;
    if (!bad.replaces) return wanted;
    for (let step = 0; step < folder.length; step++) {
      const index = (wanted + step) % folder.length;
      if (!bad.has(index)) return index;
    }
    throw new DataError('No image of the data set can be read.');
  }

  /** Positions are assigned in order, so every batch before the earliest failure still becomes full. */
  private fail(batch: number, error: unknown): void {
    this.stopped = true;
    if (!this.failure || batch < this.failure.batch) this.failure = { batch, error };
    this.notify?.();
  }

  private handOut(filling: Filling): Batch {
    const { number, size, slot } = filling;
    const { images, color, targets, labeled, labels, indices, labelSets } = slot;
    this.job.ring.held++;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.job.ring.held--;
      this.job.ring.give(slot);
    };
    const mix = this.mixOf(filling);
    const more = { ...(labelSets && { labelSets }), ...(mix && { mix }) };
    return { images, color, targets, labeled, labels, indices, size, ...more, number, release };
  }

  /** The draws of a batch for the rows of this process. */
  private mixOf({ number, size, partner, slot: { labels } }: Filling): BatchMix | null {
    const { mix, seed, epoch, transform } = this.job;
    if (!mix) return null;
    const { width, height } = transform;
    const { lambda, box } = drawAt(mix, { seed, epoch, batch: number, width, height });
    // The last row is the other process's.
    const rows = labels.length - (this.job.share.size > 1 ? 1 : 0);
    const mixed: BatchMix = {
      partners: Int32Array.from({ length: rows }, (_, row) => row),
      lambda: new Float32Array(rows).fill(1),
      boxes: new Int32Array(4 * rows),
    };
    for (let row = 0; row < size && lambda < 1; row++) {
      const other = row > 0 ? row - 1 : partner === null ? size - 1 : rows;
      // A row without an image has no label to mix.
      if ((labels[row] ?? -1) < 0 || (labels[other] ?? -1) < 0) continue;
      mixed.partners[row] = other;
      mixed.lambda[row] = lambda;
      mixed.boxes.set(box, 4 * row);
    }
    return mixed;
  }
}

/** Row of the batch and position in the order of the image that is assigned as number `i`. */
function placeOf({ first, size, partner, slot }: Filling, i: number): { row: number; position: number } {
  if (i < size || partner === null) return { row: i, position: first + i };
  return { row: slot.labels.length - 1, position: partner };
}

function setLabels({ labels, labelSets }: Slot, row: number, set: Int32Array | undefined): void {
  if (!labelSets || !set) return;
  const classes = labelSets.length / labels.length;
  labelSets.fill(0, row * classes, (row + 1) * classes);
  for (const label of set) labelSets[row * classes + label] = 1;
}

function filesOf(folder: ImageSource | SegmentationSource, index: number) {
  const path = folder.path(index);
  if ('labelPath' in folder) return { path, labelPath: folder.labelPath(index) };
  return folder.part ? { path, part: folder.part(index) } : { path };
}
