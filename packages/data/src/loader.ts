import { type BadImagePolicy, BadImages, type SkippedImage } from './bad-images.js';
import { EpochRun } from './epoch-run.js';
import { DataError } from './errors.js';
import { checkMaxPixels, usefulPixels } from './pixel-limit.js';
import { checkSeed } from './random.js';
import { Ring } from './ring.js';
import type { Sampler } from './sampler.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import { type ShareOptions, shareSize } from './share.js';
import type { Transform } from './transform.js';

/** A batch of images as the device wants them. Its arrays belong to the loader and are used again after `release`. */
export interface Batch {
  /** N×H×W×3, 8-bit RGB, channels last; N is the loader's batch size (its share of it) even where `size` is less. */
  readonly images: Uint8Array;
  /** N×12: for each image a row-major 3×4 map of RGB in [0, 1], out_r = Σ_k m[4r + k]·rgb[k] + m[4r + 3]. */
  readonly color: Float32Array;
  /** N×H×W class ids for segmentation; 255: to be ignored, as is everything beyond `size`. Null for classification. */
  readonly targets: Uint8Array | null;
  /** N counts of the pixels whose class id is not 255, 0 beyond `size`. Null for classification. */
  readonly labelled: Int32Array | null;
  /** N labels; −1 beyond `size`, for an image that was left out, and everywhere for segmentation. */
  readonly labels: Int32Array;
  /** N indices into the folder, of the images that were read; −1 beyond `size`, and for an image that was left out. */
  readonly indices: Int32Array;
  /** Images in this batch, of this process: N but for a smaller last one. Several processes may bring it to 0. */
  readonly size: number;
  /** Position in the epoch, from 0. */
  readonly number: number;
  /** Gives the arrays back to be filled again. Calling it twice does no harm. */
  release(): void;
}

/** Labeled image files: what a loader needs of an ImageFolder. */
export interface ImageSource {
  readonly length: number;
  path(index: number): string;
  label(index: number): number;
}

/** Image files with a label map each: what a loader needs of a SegmentationFolder. */
export interface SegmentationSource {
  readonly length: number;
  path(index: number): string;
  labelPath(index: number): string;
}

export interface LoaderOptions extends LoaderSettings {
  folder: ImageSource;
  transform: Transform;
}

export interface SegmentationLoaderOptions extends LoaderSettings {
  folder: SegmentationSource;
  transform: SegmentationTransform;
}

interface LoaderSettings {
  sampler: Sampler;
  /** Images of a batch, over all processes. */
  batchSize: number;
  /** Deliver one process's part of every batch: all processes see the same batches, and each image is with one of them. */
  share?: ShareOptions;
  /** Augmentation is a function of (seed, epoch, index). Default 0. */
  seed?: number;
  /** Threads that read, decode and transform images; all loaders of a process share them. Default 2. */
  workers?: number;
  /** Batches in memory, those the consumer holds included. Default 3. */
  slots?: number;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  onBadImage?: BadImagePolicy;
  /**
   * An image, or label map, of more pixels counts as unreadable: a small file may claim any size. Default: 128² for each
   * of the transform's, from 2^24 to 2^27; at most 350 million.
   */
  maxPixels?: number;
}

export interface EpochOptions {
  /** Start at this batch of the epoch; what follows is the same as without. Default 0. */
  startBatch?: number;
  /** Ends the epoch with its reason, at once: threads that wait for a file are left to it (see `hungThreads`). */
  signal?: AbortSignal;
}

/** Makes batches in the background, as many ahead as the ring has free slots. */
export interface Loader {
  /** Batches of a whole epoch. */
  readonly batches: number;
  /** Images that could not be read so far, each once, in the order in which they were met. */
  readonly skipped: readonly SkippedImage[];
  /**
   * Counts images that the loaders of other processes could not read as skipped here, too, each once.
   * @throws UnreadableLimitError where they are more than may be skipped
   */
  exclude(images: readonly SkippedImage[]): void;
  /**
   * The batches of an epoch, in order; the content of each is a function of (seed, epoch) and its number.
   * Every batch must be released, and only one epoch can be under way at a time. Leaving a `for await` early, or
   * `return()`, ends it.
   */
  epoch(epoch: number, options?: EpochOptions): AsyncGenerator<Batch, void, void>;
}

/**
 * Creates a loader, of images with labels or with label maps.
 * @throws DataError for an empty data set or one that gives no full batch with `dropLast`
 */
export function createLoader(options: LoaderOptions | SegmentationLoaderOptions): Loader {
  const {
    folder,
    transform,
    sampler,
    batchSize,
    seed = 0,
    workers = 2,
    slots = 3,
    dropLast = false,
    share = { rank: 0, size: 1 },
    maxPixels = usefulPixels(transform),
  } = options;
  for (const [name, value] of Object.entries({ batchSize, workers, slots })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Expected a whole number above 0 for ${name} but received ${value}`);
    }
  }
  checkSeed(seed);
  checkMaxPixels(maxPixels);
  const segmentation = 'applyLabelled' in transform;
  if (!((segmentation ? 'labelPath' : 'label') in folder)) {
    throw new TypeError(
      segmentation
        ? 'A segmentation transform needs a folder with label maps: open it as a SegmentationFolder.'
        : 'A folder with label maps needs a segmentation transform: make one with segmentationTransform.',
    );
  }
  if (sampler.length === 0) throw new DataError('The data set is empty: there is nothing to load.');
  if (dropLast && sampler.length < batchSize) {
    throw new DataError(
      `The batch size ${batchSize} is larger than the data set, which has ${sampler.length} images: choose a smaller batch.`,
    );
  }
  const batches = dropLast ? Math.floor(sampler.length / batchSize) : Math.ceil(sampler.length / batchSize);
  const ring = new Ring(slots, shareSize(batchSize, share), transform.width * transform.height, segmentation);
  const bad = new BadImages(options.onBadImage ?? 'fail');
  let active = false;

  async function* epoch(number: number, { startBatch = 0, signal }: EpochOptions = {}) {
    if (!Number.isInteger(startBatch) || startBatch < 0 || startBatch > batches) {
      throw new RangeError(`Expected a batch from 0 to ${batches} for startBatch but received ${startBatch}`);
    }
    if (active) throw new Error('An epoch of this loader is under way: finish it or call return() first.');
    active = true;
    const end = Math.min(batches * batchSize, sampler.length);
    const order = sampler.order(number);
    const run = new EpochRun({
      folder,
      transform,
      batchSize,
      share,
      seed,
      epoch: number,
      maxPixels,
      order,
      end,
      startBatch,
      ring,
      bad,
    });
    const abort = () => run.stop(signal?.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', abort, { once: true });
      run.start(workers);
      for (let batch = await run.next(); batch; batch = await run.next()) yield batch;
    } finally {
      // Closing waits for threads, too: the signal ends that.
      await run.close();
      signal?.removeEventListener('abort', abort);
      active = false;
    }
  }

  return { batches, skipped: bad.list, exclude: (images) => bad.exclude(images), epoch };
}
