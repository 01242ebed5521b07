import { UsageError } from '@inplace-abn/core';
import { evalTransform, trainTransform } from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { openLabeledSets } from '../data/labeled-sets.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { mixOptions } from '../data/mixing.js';

/**
 * Opens the training and validation images of a folder.
 *
 * @throws UsageError for missing data, too few outputs or a batch that cannot be filled; DataError for data
 * that cannot be used
 */
export async function openClassFolders(dir: string, config: TrainConfig, reading: Reading): Promise<RunData> {
  const { train, val, trainPath, notes } = await openLabeledSets(dir, config.data);
  const more = checkOutputs(dir, train.classes.length, config);
  return loadersOf(config, reading, {
    dir,
    train: { folder: train, transform: trainTransformOf(config), mix: mixOptions(config) },
    val: { folder: val, transform: evalTransformOf(config) },
    trainPath,
    classes: train.classes,
    labels: Int32Array.from({ length: train.length }, (_, index) => train.label(index)),
    notes: [...notes, ...more],
  });
}

/**
 * A note if the network has more outputs than the data has classes. That is allowed: PyTorch trains such
 * networks too, and weights for more classes can be fine-tuned.
 *
 * @throws UsageError if it has fewer
 */
export function checkOutputs(dir: string, found: number, { network: { classes } }: TrainConfig): string[] {
  const differ = `${dir} has ${found} classes but network.classes is ${classes}: `;
  if (classes < found) throw new UsageError(`${differ}set it to ${found}`);
  if (classes === found) return [];
  const none = `no image is of the last ${classes - found}. `;
  return [`${differ}${none}Set it to ${found}, unless the network needs the other outputs`];
}

/** The configured transform of training images. */
export function trainTransformOf({ input, augmentation }: TrainConfig) {
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

/** The configured transform of validation images. */
export function evalTransformOf({ input }: TrainConfig) {
  return evalTransform({ crop: input.crop_val, scale: input.scale_val, mean: input.mean, std: input.std });
}
