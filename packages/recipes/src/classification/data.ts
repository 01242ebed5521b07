import { UsageError } from '@inplace-abn/core';
import { evalTransform, trainTransform } from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { openLabeledSets } from '../data/labeled-sets.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { mixOptions } from '../data/mixing.js';

/** Opens the training and validation images of a folder. Throws a sentence for what is missing or classes that differ. */
export async function openClassFolders(dir: string, config: TrainConfig, reading: Reading): Promise<RunData> {
  const { train, val, trainPath, notes } = await openLabeledSets(dir, config.data);
  const { classes } = config.network;
  const folders = train.classes.length;
  if (classes < folders) {
    throw new UsageError(
      `${dir} has ${folders} classes but network.classes is ${classes}: set it to ${folders}`,
    );
  }
  return loadersOf(config, reading, {
    dir,
    train: { folder: train, transform: trainTransformOf(config), mix: mixOptions(config) },
    val: { folder: val, transform: evalTransformOf(config) },
    trainPath,
    classes: train.classes,
    labels: Int32Array.from({ length: train.length }, (_, index) => train.label(index)),
    notes: classes > folders ? [...notes, moreOutputs(dir, folders, classes)] : notes,
  });
}

/** No error: PyTorch trains so, and weights for more classes are fine-tuned so. */
function moreOutputs(dir: string, folders: number, classes: number): string {
  return (
    `${dir} has ${folders} classes but network.classes is ${classes}: no image is of the last ${classes - folders}. ` +
    `Set it to ${folders}, unless the network needs the other outputs`
  );
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
