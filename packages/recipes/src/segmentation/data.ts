import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import { SegmentationFolder, segmentationEvalTransform, segmentationTransform } from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { SegmentationTaskConfig } from '../config/schema.js';
import type { SegmentationConfig } from '../config/segmentation.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { loadClasses, type SegmentationClass } from './classes.js';

/** Names and colors of the classes, where DIR has them: the list that `loadClasses` reads. */
const CLASSES_FILE = 'classes.json';

/**
 * Opens DIR/train/{images,labels} and DIR/val/{images,labels}, and DIR/classes.json where it is there. Throws a sentence for what
 * is missing.
 */
export async function openLabelMaps(
  dir: string,
  config: SegmentationTaskConfig,
  reading: Reading,
): Promise<RunData> {
  const { input, network, segmentation, data } = config;
  const [trainPath, valPath] = [join(dir, data.train), join(dir, data.val)];
  const [train, val] = [await openPart(trainPath, segmentation), await openPart(valPath, segmentation)];
  const classes = await classesIn(dir, network.classes);
  const ids = { classes: network.classes, ignoreIndex: segmentation.ignore_index };
  const common = { ...ids, mean: input.mean, std: input.std, size: pixels(segmentation.size) };
  const trainTransform = segmentationTransform({
    ...common,
    crop: input.crop_train,
    scale: [segmentation.scale_min, segmentation.scale_max],
    flip: segmentation.flip ? 0.5 : 0,
    colorJitter: input.color_jitter_train,
  });
  const valTransform = segmentationEvalTransform({
    ...common,
    crop: input.crop_val,
    maxSide: pixels(segmentation.max_side_val),
  });
  return loadersOf(config, reading, {
    train: { folder: train, transform: trainTransform },
    val: { folder: val, transform: valTransform },
    trainPath,
    classes: classes?.map(({ name }) => name),
    colors: classes?.map(({ color }) => color),
  });
}

async function classesIn(dir: string, count: number): Promise<readonly SegmentationClass[] | null> {
  const path = join(dir, CLASSES_FILE);
  if (!existsSync(path)) return null;
  const classes = await loadClasses(path);
  // Labels may have ids behind those of the network, which do not count.
  if (classes.length >= count) return classes.slice(0, count);
  throw new UsageError(
    `${path} names ${classes.length} of ${count} classes (network.classes): add the others, or set network.classes to ${classes.length}`,
  );
}

async function openPart(path: string, config: SegmentationConfig): Promise<SegmentationFolder> {
  const { images, labels, image_suffix: imageSuffix, label_suffix: labelSuffix } = config;
  if (!existsSync(path)) {
    throw new UsageError(
      `${path} does not exist: expected DIR/train/${images}/*.{jpg,jpeg,png} with DIR/train/${labels}/*.png, and the same in DIR/val`,
    );
  }
  return SegmentationFolder.open(path, { images, labels, imageSuffix, labelSuffix });
}

/** Configurations write "not used" as −1. */
function pixels(value: number): number | undefined {
  return value === -1 ? undefined : value;
}
