import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import { assertSameClasses, evalTransform, ImageFolder, trainTransform } from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { mixOptions } from '../data/mixing.js';

/** Opens DIR/train/CLASS and DIR/val/CLASS. Throws a sentence for a folder that is missing or classes that differ. */
export async function openClassFolders(dir: string, config: TrainConfig, reading: Reading): Promise<RunData> {
  const [train, val] = [await openPart(dir, 'train'), await openPart(dir, 'val')];
  assertSameClasses(train, val);
  const { classes } = config.network;
  const folders = train.classes.length;
  if (classes < folders) {
    throw new UsageError(
      `${dir} has ${folders} classes but network.classes is ${classes}: set it to ${folders}`,
    );
  }
  return loadersOf(config, reading, {
    train: { folder: train, transform: trainTransformOf(config), mix: mixOptions(config) },
    val: { folder: val, transform: evalTransformOf(config) },
    trainPath: join(dir, 'train'),
    classes: train.classes,
    labels: Int32Array.from({ length: train.length }, (_, index) => train.label(index)),
    notes: classes > folders ? [moreOutputs(dir, folders, classes)] : [],
  });
}

/** No error: PyTorch trains so, and weights for more classes are fine-tuned so. */
function moreOutputs(dir: string, folders: number, classes: number): string {
  return (
    `${dir} has ${folders} classes but network.classes is ${classes}: no image is of the last ${classes - folders}. ` +
    `Set it to ${folders}, unless the network needs the other outputs`
  );
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

function trainTransformOf({ input, augmentation }: TrainConfig) {
  const { rand_augment_ops: numOps, rand_augment_magnitude: magnitude } = augmentation;
  const { random_erasing: probability, random_erasing_mode: mode } = augmentation;
  return trainTransform({
    crop: input.crop_train,
    area: input.area_train,
    scale: input.scale_train,
    colorJitter: input.color_jitter_train,
    lighting: input.lighting_train,
    randAugment: augmentation.rand_augment ? { numOps, magnitude } : undefined,
    trivialAugment: augmentation.trivial_augment,
    interpolation: augmentation.interpolation,
    randomErasing: probability > 0 ? { probability, mode } : undefined,
    mean: input.mean,
    std: input.std,
  });
}

function evalTransformOf({ input }: TrainConfig) {
  return evalTransform({ crop: input.crop_val, scale: input.scale_val, mean: input.mean, std: input.std });
}
