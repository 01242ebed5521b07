import { UsageError } from '@inplace-abn/core';
import type { LabeledImages } from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import { checkOutputs, evalTransformOf, trainTransformOf } from '../classification/data.js';
import type { MultiLabelConfig } from '../config/schema.js';
import { openLabeledSets } from '../data/labeled-sets.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { mixOptions } from '../data/mixing.js';

/**
 * Opens the images of a folder with their lists of labels.
 *
 * @throws UsageError for missing data, images without any label, too few outputs or a batch that cannot be
 * filled; DataError for data that cannot be used
 */
export async function openLabeledImages(
  dir: string,
  config: MultiLabelConfig,
  reading: Reading,
): Promise<RunData> {
  const { train, val, trainPath, notes } = await openLabeledSets(dir, config.data, 'any');
  const { classes } = config.network;
  const more = checkOutputs(dir, train.classes.length, config);
  const imagesOfClass = countsOf(train, classes);
  if (imagesOfClass.every((count) => count === 0)) {
    throw new UsageError(`no image in ${trainPath} has a label: there is nothing to learn`);
  }
  return loadersOf(config, reading, {
    dir,
    train: {
      folder: train,
      transform: trainTransformOf(config),
      mix: mixOptions(config),
      labelSets: classes,
    },
    val: { folder: val, transform: evalTransformOf(config), labelSets: classes },
    trainPath,
    classes: train.classes,
    imagesOfClass,
    notes: [...notes, ...more],
  });
}

function countsOf(images: LabeledImages, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let index = 0; index < images.length; index++) {
    for (const label of images.labelSet?.(index) ?? []) counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
