/** The two data sets of a run and their loaders. */
import { UsageError } from '@inplace-abn/core';
import {
  balancedSampler,
  createLoader,
  type ImageSource,
  type MixOptions,
  type Rgb,
  type Sampler,
  type SegmentationSource,
  type SegmentationTransform,
  type ShareOptions,
  sequentialSampler,
  shareSize,
  shuffledSampler,
  type Transform,
} from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { openCache } from './cache.js';

/** Images and their transform. */
export type DataPart =
  | {
      readonly folder: ImageSource & Digested;
      readonly transform: Transform;
      readonly mix?: MixOptions;
      readonly labelSets?: number;
    }
  | { readonly folder: SegmentationSource & Digested; readonly transform: SegmentationTransform };

interface Digested {
  digest(): string;
  /** The order to train in; default: images in any order. */
  sampler?(seed: number): Sampler;
}

export interface DataParts {
  /** The data folder. */
  readonly dir: string;
  readonly train: DataPart;
  readonly val: DataPart;
  /** Name of the training images in errors. */
  readonly trainPath: string;
  readonly classes?: readonly string[];
  /** The class of each training image, if the data set has classes. */
  readonly labels?: Int32Array;
  /** Training images of each class, for multi-label data. */
  readonly imagesOfClass?: readonly number[];
  /** Counts the training pixels of each class, in this process's share of the label maps. */
  readonly countPixels?: () => Promise<readonly number[]>;
  readonly colors?: readonly Rgb[];
  readonly notes?: readonly string[];
}

export interface Reading {
  readonly workers: number;
  /** This process's part of every batch. */
  readonly share?: ShareOptions;
  /** Limit for the pixels of an image; default: the loader's. */
  readonly maxPixels?: number;
  /** Whether every image is read at most once, so that a cache is useless. */
  readonly once?: boolean;
}

/**
 * Loads shuffled full batches to train on, and every image once to validate.
 *
 * @throws UsageError if there are fewer training images than `optimizer.batch_size`
 */
export async function loadersOf(
  config: TrainConfig,
  { workers, share, maxPixels, once = false }: Reading,
  { dir, train, val, trainPath, classes, colors, labels, imagesOfClass, countPixels, notes = [] }: DataParts,
): Promise<RunData> {
  const { batch_size: batchSize } = config.optimizer;
  const [trainImages, valImages] = [train.folder.length, val.folder.length];
  if (batchSize > trainImages) {
    throw new UsageError(
      `optimizer.batch_size is ${batchSize} but ${trainPath} holds only ${trainImages} images: choose a smaller batch`,
    );
  }
  const { unreadable, unreadable_limit } = config.input;
  const balanced = labels !== undefined && config.input.sampling === 'balanced';
  const onBadImage = unreadable === 'fail' ? 'fail' : { skip: unreadable_limit };
  const { cache, notes: onCache } = await openCache(
    dir,
    once ? { cache: '', cache_limit: -1 } : config.data,
    share ?? { rank: 0, size: 1 },
  );
  const common = { batchSize, share, workers, maxPixels, seed: config.seed, onBadImage, cache } as const;
  return {
    train: createLoader({
      ...common,
      ...train,
      sampler:
        labels && balanced
          ? balancedSampler(labels, config.seed)
          : (train.folder.sampler?.(config.seed) ?? shuffledSampler(trainImages, config.seed)),
      dropLast: true,
    }),
    val: createLoader({ ...common, ...val, sampler: sequentialSampler(valImages) }),
    trainImages,
    valImages,
    trainDigest: train.folder.digest().slice(0, 16),
    valDigest: val.folder.digest().slice(0, 16),
    classes,
    imagesOfClass: imagesOfClass ?? (labels && countsOf(labels, config.network.classes)),
    countPixels,
    colors,
    notes: [...notes, ...(balanced && train.folder.sampler ? [BALANCED_SHARDS] : []), ...onCache],
  };
}

const BALANCED_SHARDS =
  'input.sampling "balanced" draws images from all shards, not shard by shard: each is a read at a random place, which is slow on disks and network storage';

function countsOf(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/**
 * The distinct sizes of batches, or of this process's shares of them, in an evaluation over `images` images.
 * Empty shares are left out.
 */
export function evaluationBatches(
  images: number,
  batch: number,
  share: ShareOptions = { rank: 0, size: 1 },
): number[] {
  const whole = images >= batch ? [batch, images % batch] : [images];
  return [...new Set(whole.map((size) => shareSize(size, share)))].filter((size) => size > 0);
}
