/** The two data sets of a run and their loaders. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  assertSameClasses,
  createLoader,
  evalTransform,
  ImageFolder,
  type Loader,
  sequentialSampler,
  shuffledSampler,
  trainTransform,
} from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';

export interface RunData {
  readonly train: Loader;
  readonly val: Loader;
  readonly trainImages: number;
  readonly valImages: number;
  readonly classes: readonly string[];
}

/** Opens DIR/train and DIR/val. Throws a sentence for a folder that is missing or classes that differ. */
export async function openData(dir: string, config: TrainConfig, workers: number): Promise<RunData> {
  const [train, val] = [await openPart(dir, 'train'), await openPart(dir, 'val')];
  assertSameClasses(train, val);
  const { classes } = config.network;
  if (classes < train.classes.length) {
    throw new UsageError(
      `${dir} has ${train.classes.length} classes but network.classes is ${classes}: set it to ${train.classes.length}`,
    );
  }
  const { batch_size: batchSize } = config.optimizer;
  if (batchSize > train.length) {
    throw new UsageError(
      `optimizer.batch_size is ${batchSize} but ${join(dir, 'train')} holds only ${train.length} images: choose a smaller batch`,
    );
  }
  const { unreadable, unreadable_limit } = config.input;
  const onBadImage = unreadable === 'fail' ? 'fail' : { skip: unreadable_limit };
  const common = { batchSize, workers, seed: config.seed, onBadImage } as const;
  return {
    train: createLoader({
      ...common,
      folder: train,
      transform: trainTransformOf(config),
      sampler: shuffledSampler(train.length, config.seed),
      dropLast: true,
    }),
    val: createLoader({
      ...common,
      folder: val,
      transform: evalTransformOf(config),
      sampler: sequentialSampler(val.length),
    }),
    trainImages: train.length,
    valImages: val.length,
    classes: train.classes,
  };
}

async function openPart(dir: string, part: 'train' | 'val'): Promise<ImageFolder> {
  const path = join(dir, part);
  if (!existsSync(path)) {
    throw new UsageError(
      `${path} does not exist: expected DIR/train/CLASS/*.{jpg,jpeg,png} and DIR/val/CLASS/*`,
    );
  }
  return ImageFolder.open(path);
}

function trainTransformOf({ input }: TrainConfig) {
  return trainTransform({
    crop: input.crop_train,
    area: input.area_train,
    scale: input.scale_train,
    colorJitter: input.color_jitter_train,
    lighting: input.lighting_train,
    mean: input.mean,
    std: input.std,
  });
}

function evalTransformOf({ input }: TrainConfig) {
  return evalTransform({ crop: input.crop_val, scale: input.scale_val, mean: input.mean, std: input.std });
}

/** Sizes of the batches that an evaluation over `images` brings. */
export function evaluationBatches(images: number, batch: number): number[] {
  const sizes = images >= batch ? [batch] : [];
  const rest = images % batch;
  return rest > 0 ? [...sizes, rest] : sizes;
}
