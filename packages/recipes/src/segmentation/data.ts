import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  countPixels,
  SegmentationFolder,
  type SegmentationFolderOptions,
  segmentationEvalTransform,
  segmentationTransform,
} from '@inplace-abn/data';
import type { RunData } from '@inplace-abn/train';
import type { DataConfig } from '../config/data.js';
import type { SegmentationTaskConfig } from '../config/schema.js';
import type { SegmentationConfig } from '../config/segmentation.js';
import { leftOutNotes } from '../data/left-out.js';
import { loadersOf, type Reading } from '../data/loaders.js';
import { loadClasses, type SegmentationClass } from './classes.js';
import { type LabelReading, readingIn } from './label-reading.js';

/** Optional file in DIR with names and colors of the classes, as `loadClasses` reads it. */
const CLASSES_FILE = 'classes.json';

/** The two data sets of a folder. */
export interface LabelMapSets {
  /** Images to train on. */
  readonly train: SegmentationFolder;
  /** Images to validate on. */
  readonly val: SegmentationFolder;
  /** Folder that names the training images in errors. */
  readonly trainPath: string;
  /** Names and colors of the classes, from DIR/classes.json, the palette or the layout, if any. */
  readonly classes: readonly SegmentationClass[] | null;
  /** Notes to print. */
  readonly notes: readonly string[];
}

/**
 * Opens `DIR/train/{images,labels}` and `DIR/val/{images,labels}`, or those of a published layout.
 *
 * @throws UsageError or DataError naming what is missing
 */
export async function openLabelMapSets(
  dir: string,
  { data, segmentation, network }: Pick<SegmentationTaskConfig, 'data' | 'segmentation' | 'network'>,
): Promise<LabelMapSets> {
  const reading = await readingIn(dir, data);
  checkClasses(data, reading, network.classes);
  const train = await openPart(dir, data.train, segmentation, reading);
  const val = await openPart(dir, data.val, segmentation, reading);
  const listed = reading.classes?.length === network.classes ? reading.classes : null;
  const classes = (await classesIn(dir, network.classes)) ?? listed;
  // Layouts have both parts below the same folder.
  const notes = [...new Set([train, val].flatMap(leftOutNotes))];
  return { train, val, trainPath: train.root, classes, notes };
}

function checkClasses(
  { layout, label_map, reduce_zero_label }: DataConfig,
  { layout: opened }: LabelReading,
  classes: number,
): void {
  if (!opened || Object.keys(label_map).length > 0) return;
  const reduced = reduce_zero_label && !opened.coding?.reduceZero;
  const expected = opened.classes - (reduced ? 1 : 0);
  if (expected === classes) return;
  throw new UsageError(
    `data.layout "${layout}" has ${expected} classes${reduced ? ' without id 0' : ''}, but network.classes is ${classes}: ` +
      `set it to ${expected}, or data.label_map to the class of each id`,
  );
}

/** Opens the data of a run, with the loaders. */
export async function openLabelMaps(
  dir: string,
  config: SegmentationTaskConfig,
  reading: Reading,
): Promise<RunData> {
  const { input, network, segmentation } = config;
  const { train, val, trainPath, classes, notes } = await openLabelMapSets(dir, config);
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
  const { workers, maxPixels, share } = reading;
  const counting = { workers, maxPixels, share, skip: input.unreadable === 'skip' };
  return loadersOf(config, reading, {
    dir,
    countPixels: () => countPixels(train, ids, counting),
    train: { folder: train, transform: trainTransform },
    val: { folder: val, transform: valTransform },
    trainPath,
    classes: classes?.map(({ name }) => name),
    colors: classes?.map(({ color }) => color),
    notes,
  });
}

async function classesIn(dir: string, count: number): Promise<readonly SegmentationClass[] | null> {
  const path = join(dir, CLASSES_FILE);
  if (!existsSync(path)) return null;
  const classes = await loadClasses(path);
  // The list may continue with ignored ids.
  if (classes.length >= count) return classes.slice(0, count);
  throw new UsageError(
    `${path} names ${classes.length} of ${count} classes (network.classes): add the others, or set network.classes to ${classes.length}`,
  );
}

async function openPart(
  dir: string,
  name: string,
  config: SegmentationConfig,
  { layout, coding }: LabelReading,
): Promise<SegmentationFolder> {
  const own = ownNames(config);
  if (layout) return SegmentationFolder.open(layout.root, { ...layout.part(name), ...own, coding });
  const path = join(dir, name);
  if (!existsSync(path)) {
    const { images, labels } = config;
    throw new UsageError(
      `${path} does not exist: expected DIR/train/${images}/*.{jpg,png,…} with DIR/train/${labels}/*.png, and the same in DIR/val`,
    );
  }
  return SegmentationFolder.open(path, { ...own, coding });
}

/** Names that the configuration changes from their defaults; a layout keeps its own for the others. */
function ownNames({
  images,
  labels,
  image_suffix,
  label_suffix,
}: SegmentationConfig): SegmentationFolderOptions {
  return {
    ...(images !== 'images' && { images }),
    ...(labels !== 'labels' && { labels }),
    ...(image_suffix !== '' && { imageSuffix: image_suffix }),
    ...(label_suffix !== '' && { labelSuffix: label_suffix }),
  };
}

/** Configurations write "not used" as −1. */
function pixels(value: number): number | undefined {
  return value === -1 ? undefined : value;
}
