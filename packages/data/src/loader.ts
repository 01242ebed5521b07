import { type BadImagePolicy, BadImages, type SkippedImage } from './bad-images.js';
import type { Cache } from './decoded-cache.js';
import { EpochRun } from './epoch-run.js';
import { DataError } from './errors.js';
import type { LabelCoding } from './label-coding.js';
import type { FilePart } from './labeled-files.js';
import { SLOTS } from './loader-memory.js';
import { type MixOptions, mixes } from './mix.js';
import { checkMaxPixels, usefulPixels } from './pixel-limit.js';
import { checkSeed } from './random.js';
import { Ring } from './ring.js';
import type { Sampler } from './sampler.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import { type ShareOptions, shareSize } from './share.js';
import type { Transform } from './transform.js';

/** A batch of images in device layout. The loader owns its arrays and reuses them after `release`. */
export interface Batch {
  /**
   * N×H×W×3 RGB, uint8, channels last. N is this process's share of the batch size, also in a smaller last
   * batch. With `mix` and several processes there is one more row, which belongs to another process: the
   * partner of the first.
   */
  readonly images: Uint8Array;
  /**
   * N×12, float32: per image a row-major 3×4 map of RGB in [0, 1], out_r = Σ_k m[4r + k]·rgb[k] + m[4r + 3].
   */
  readonly color: Float32Array;
  /**
   * N×H×W class ids for segmentation. 255 means ignore, and fills rows from `size` on. Null for
   * classification.
   */
  readonly targets: Uint8Array | null;
  /** Per image, the number of pixels whose class id is not 255; 0 from `size` on. Null for classification. */
  readonly labeled: Int32Array | null;
  /** N labels; −1 from `size` on, for an image that was left out, and everywhere for segmentation. */
  readonly labels: Int32Array;
  /**
   * N×K, 1 for each class of an image and 0 elsewhere; rows from `size` on are 0. Only if images may have any
   * number of classes. With `mix` and several processes there is one more row, as in `images`.
   */
  readonly labelSets?: Uint8Array;
  /**
   * N indices into the folder of the images actually read; −1 from `size` on and for an image that was left
   * out.
   */
  readonly indices: Int32Array;
  /** Images of this process in this batch. Less than N only in the last batch, where it may be 0. */
  readonly size: number;
  /**
   * How to mix each image with another one of the batch (mixup, cutmix); absent without the loader's `mix`.
   */
  readonly mix?: BatchMix;
  /** Index of the batch in the epoch, from 0. */
  readonly number: number;
  /** Returns the arrays to the loader. May be called more than once. */
  release(): void;
}

/**
 * Pairs of images and how each is mixed. A batch holds the images unmixed; the training step mixes normalized
 * pixels and labels. Image i becomes λ·x_i + (1 − λ)·x_p with p = partners[i] (mixup) or, if its box is not
 * empty, x_i with the pixels of x_p inside the box (cutmix). Either way its label is λ·y_i + (1 − λ)·y_p.
 */
export interface BatchMix {
  /** For each of N images, the row of its partner in `images`, `color` and `labels`; its own if not mixed. */
  readonly partners: Int32Array;
  /** N values of λ, 0 to 1; 1 for an image that is not mixed. */
  readonly lambda: Float32Array;
  /** N×4 pixels: top, left, bottom, right (bottom and right exclusive); bottom = top for mixup. */
  readonly boxes: Int32Array;
}

/** Labeled image files: the part of ImageFolder that a loader uses. */
export interface ImageSource {
  /** Number of images. */
  readonly length: number;
  /** Path of the image at an index. */
  path(index: number): string;
  /** Class of the image at an index. */
  label(index: number): number;
  /** The classes of the image at an index, if images may have any number of them. */
  labelSet?(index: number): Int32Array;
  /** Where the image's content is, if not in a file of its own; `path` then names it in errors. */
  part?(index: number): FilePart | undefined;
}

/** Image files with label maps: the part of SegmentationFolder that a loader uses. */
export interface SegmentationSource {
  /** Number of images. */
  readonly length: number;
  /** Path of the image at an index. */
  path(index: number): string;
  /** Path of the label map of the image at an index. */
  labelPath(index: number): string;
  /** How label maps code classes; default: their ids are classes. */
  readonly coding?: LabelCoding;
}

/** Options of {@link createLoader} for labeled images. */
export interface LoaderOptions extends LoaderSettings {
  /** The images, such as an {@link ImageFolder}. */
  folder: ImageSource;
  /** Sets the size of the batches' images: `trainTransform`, `evalTransform`, or your own module. */
  transform: Transform;
  /** Draws mixup and cutmix, a function of (seed, epoch, batch). Default: no batch is mixed. */
  mix?: MixOptions;
  /**
   * Number of classes, for a folder that has a `labelSet`: the columns of a batch's `labelSets`. Default:
   * batches have no `labelSets`.
   */
  labelSets?: number;
}

/** Options of {@link createLoader} for images with label maps. */
export interface SegmentationLoaderOptions extends LoaderSettings {
  /** The images and label maps, such as a {@link SegmentationFolder}. */
  folder: SegmentationSource;
  /**
   * Sets the size of the batches' images: `segmentationTransform`, `segmentationEvalTransform`, or your own
   * module.
   */
  transform: SegmentationTransform;
  /** Label maps are not mixed. */
  mix?: undefined;
  /** Pixels have one class each. */
  labelSets?: undefined;
}

interface LoaderSettings {
  /** Images of an epoch, in order, such as {@link shuffledSampler}. */
  sampler: Sampler;
  /** Images per batch, over all processes. */
  batchSize: number;
  /**
   * The process that this loader is for, which gets its part of every batch. All processes divide the same
   * batches; each image goes to one of them. Default: the only process.
   */
  share?: ShareOptions;
  /** Augmentation is a function of (seed, epoch, index). Default 0. */
  seed?: number;
  /** Threads that read, decode and transform images, shared by all loaders of the process. Default 2. */
  workers?: number;
  /** Batches in memory, including those the consumer holds. Default 3. */
  slots?: number;
  /** Drop the last batch if it is not full. Default false. */
  dropLast?: boolean;
  /** How to continue if an image cannot be read. Default `fail`. */
  onBadImage?: BadImagePolicy;
  /**
   * Images and label maps with more pixels count as unreadable, since a small file may claim any size.
   * Default: 128² per output pixel of the transform, between 2^24 and 2^27. At most 350 million.
   */
  maxPixels?: number;
  /** Keeps decoded images for later epochs; batches stay the same. Loaders may share one. Default: none. */
  cache?: Cache;
}

/** Options of one epoch of a loader. */
export interface EpochOptions {
  /** First batch of the epoch. The batches from there on are the same as without it. Default 0. */
  startBatch?: number;
  /**
   * Aborts the epoch at once with the signal's reason. Threads stuck in a read are abandoned (see
   * `hungThreads`).
   */
  signal?: AbortSignal;
}

/** Prepares batches in the background, as far ahead as the ring has free slots. */
export interface Loader {
  /** Batches per epoch. */
  readonly batches: number;
  /** Images that could not be read so far, each once, in the order of discovery. */
  readonly skipped: readonly SkippedImage[];
  /**
   * Adds images that loaders of other processes could not read to those skipped here, each once.
   * @throws UnreadableLimitError if that exceeds the limit
   */
  exclude(images: readonly SkippedImage[]): void;
  /**
   * The batches of an epoch, in order. The content of each is a function of (seed, epoch) and its number.
   * Every batch must be released, and only one epoch may run at a time. Leaving a `for await` early, or
   * `return()`, ends the epoch.
   *
   * @throws DataError if another epoch is running, all batches are held, or an image cannot be read and the
   * policy does not allow it; RangeError for a `startBatch` out of range
   */
  epoch(epoch: number, options?: EpochOptions): AsyncGenerator<Batch, void, void>;
}

/**
 * Creates a loader for images with labels or with label maps.
 * @throws DataError if the data set is empty, or too small for one full batch with `dropLast`; RangeError for
 * an option out of range; TypeError for a folder that does not fit the transform or `labelSets`
 */
export function createLoader(options: LoaderOptions | SegmentationLoaderOptions): Loader {
  const {
    folder,
    transform,
    sampler,
    batchSize,
    seed = 0,
    workers = 2,
    slots = SLOTS,
    dropLast = false,
    share = { rank: 0, size: 1 },
    maxPixels = usefulPixels(transform),
    labelSets = 0,
  } = options;
  const mix = options.mix && mixes(options.mix) ? options.mix : null;
  for (const [name, value] of Object.entries({ batchSize, workers, slots })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Expected a whole number above 0 for ${name} but received ${value}`);
    }
  }
  checkSeed(seed);
  checkMaxPixels(maxPixels);
  const segmentation = 'applyLabeled' in transform;
  checkFolder(folder, segmentation, labelSets);
  const batches = batchesOf(sampler.length, batchSize, dropLast);
  const rows = shareSize(batchSize, share) + (mix && share.size > 1 ? 1 : 0);
  const ring = new Ring(slots, rows, transform.width * transform.height, segmentation, labelSets);
  const bad = new BadImages(options.onBadImage ?? 'fail');
  let active = false;

  async function* epoch(number: number, { startBatch = 0, signal }: EpochOptions = {}) {
    if (!Number.isInteger(startBatch) || startBatch < 0 || startBatch > batches) {
      throw new RangeError(`Expected a batch from 0 to ${batches} for startBatch but received ${startBatch}`);
    }
    if (active)
      throw new DataError('An epoch of this loader is under way: finish it or call return() first.');
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
      mix,
      cache: options.cache,
    });
    const abort = () => run.stop(signal?.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', abort, { once: true });
      run.start(workers);
      for (let batch = await run.next(); batch; batch = await run.next()) yield batch;
    } finally {
      // close() waits for threads; the signal ends that wait too.
      await run.close();
      signal?.removeEventListener('abort', abort);
      active = false;
    }
  }

  return { batches, skipped: bad.list, exclude: (images) => bad.exclude(images), epoch };
}

/** Throws TypeError where the images do not have the labels that the transform or the batches need. */
function checkFolder(
  folder: ImageSource | SegmentationSource,
  segmentation: boolean,
  labelSets: number,
): void {
  if (!((segmentation ? 'labelPath' : 'label') in folder)) {
    throw new TypeError(
      segmentation
        ? 'A segmentation transform needs a folder with label maps: open it as a SegmentationFolder.'
        : 'A folder with label maps needs a segmentation transform: make one with segmentationTransform.',
    );
  }
  if (labelSets > 0 && !('labelSet' in folder)) {
    throw new TypeError('Label sets need a folder whose images have any number of labels.');
  }
}

/** Batches of an epoch. Throws DataError if there is none. */
function batchesOf(images: number, batchSize: number, dropLast: boolean): number {
  if (images === 0) throw new DataError('The data set is empty: there is nothing to load.');
  if (dropLast && images < batchSize) {
    throw new DataError(
      `The batch size ${batchSize} is larger than the data set, which has ${images} images: choose a smaller batch.`,
    );
  }
  return dropLast ? Math.floor(images / batchSize) : Math.ceil(images / batchSize);
}
