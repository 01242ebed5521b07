import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  assertSameClasses,
  evalTransform,
  ImageFolder,
  type ShareOptions,
  trainTransform,
} from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import { loadersOf, type RunData } from '../run/data.js';

/** Opens DIR/train/CLASS and DIR/val/CLASS. Throws a sentence for a folder that is missing or classes that differ. */
export async function openClassFolders(
  dir: string,
  config: TrainConfig,
  workers: number,
  share?: ShareOptions,
): Promise<RunData> {
  const [train, val] = [await openPart(dir, 'train'), await openPart(dir, 'val')];
  assertSameClasses(train, val);
  const { classes } = config.network;
  if (classes < train.classes.length) {
    throw new UsageError(
      `${dir} has ${train.classes.length} classes but network.classes is ${classes}: set it to ${train.classes.length}`,
    );
  }
  const reading = { workers, share };
  return loadersOf(config, reading, {
    train: { folder: train, transform: trainTransformOf(config) },
    val: { folder: val, transform: evalTransformOf(config) },
    trainPath: join(dir, 'train'),
  });
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
