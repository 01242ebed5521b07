/** The training and validation images of a data folder, with their classes. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  assertSameClasses,
  FlatFolderError,
  ImageFolder,
  isSharded,
  LabeledFiles,
  type LabeledImages,
  LabelFileError,
  openLabelSets,
  openListed,
  readLabelFile,
  readLabelSets,
  readSynsets,
  ShardedImages,
  splitByName,
} from '@inplace-abn/data';
import type { DataConfig, LabelsKey } from '../config/data.js';
import { cacheFolderOf } from './cache.js';
import { leftOutNotes } from './left-out.js';

/** How many labels an image has. */
export type LabelsOfImage = 'one' | 'any';

/** Training and validation images of the same classes. */
export interface LabeledSets {
  /** Training images. */
  readonly train: LabeledImages;
  /** Validation images. */
  readonly val: LabeledImages;
  /** Folder or file that names the training images in errors. */
  readonly trainPath: string;
  /** Notes to print. */
  readonly notes: readonly string[];
}

/**
 * Opens both data sets: folders of class folders, folders with a list of labels, or tar shards. With
 * `data.split` and no validation images, sets aside some of the training images to validate on.
 *
 * @throws UsageError for a missing folder
 * @throws DataError for data that cannot be used, naming the keys of the configuration that help
 */
export async function openLabeledSets(
  dir: string,
  data: DataConfig,
  labels: LabelsOfImage = 'one',
): Promise<LabeledSets> {
  if (labels === 'any') await checkLists(dir, data);
  const trainPath = join(dir, data.train);
  const notes: string[] = [];
  const valPath = join(dir, data.val);
  const apart = existsSync(valPath) || data.val_labels !== '' || (await isSharded(valPath));
  const splits = data.split > 0 && !apart;
  // Class folders directly in the data folder.
  const whole = splits && data.train_labels === '' && !existsSync(trainPath) && !(await isSharded(trainPath));
  const open = (part: 'train' | 'val', classes?: readonly string[]) =>
    openLabeledSet(dir, data, part, { labels, notes, classes });
  const train = whole
    ? await ImageFolder.open(dir, { except: cacheFolderOf(dir, data) })
    : await open('train');
  if (whole) notes.push(...leftOutNotes(train));
  if (splits) {
    if (!(train instanceof LabeledFiles)) {
      throw new UsageError(
        `data.split divides image files, not the shards ${trainPath}: set some of them aside as data.val`,
      );
    }
    const parts = splitByName(train, data.split);
    notes.push(`${parts.val.length} of ${train.length} images in ${train.root} are set aside to validate on`);
    return { ...parts, trainPath: train.root, notes };
  }
  if (data.split > 0) notes.push(`data.split is not used: ${valPath} holds the images to validate on`);
  const val = await open('val', train.classes);
  if (data.val_labels === '') assertSameClasses(train, val);
  return { train, val, trainPath, notes };
}

/** Images with any number of labels need lists. */
async function checkLists(dir: string, data: DataConfig): Promise<void> {
  for (const part of ['train', 'val'] as const) {
    await refuseShards(dir, data, part);
    const root = join(dir, data[part]);
    const key = `${part}_labels` as const;
    if (data[key] !== '') continue;
    if (part === 'val' && data.split > 0 && !existsSync(root)) continue;
    throw new UsageError(
      `${root}: no list says which labels its images have: name a CSV file with data.${key} (task "multi-label")`,
    );
  }
}

/**
 * Refuses shards for images with any number of labels, because a list cannot name their members.
 *
 * @throws UsageError naming the shards and the key of the list
 */
export async function refuseShards(dir: string, data: DataConfig, part: 'train' | 'val'): Promise<void> {
  const root = join(dir, data[part]);
  if (!(await isSharded(root))) return;
  throw new UsageError(
    `${root}: shards have one label for each image, but the task is "multi-label": unpack them and name a CSV file with data.${part}_labels`,
  );
}

/** Options of {@link openLabeledSet}. */
export interface LabeledSetOptions {
  /** Whether an image has one label or any number. */
  readonly labels: LabelsOfImage;
  /** Receives notes to print. */
  readonly notes: string[];
  /** Names of the classes in the order of the labels; default: those of the images. */
  readonly classes?: readonly string[];
}

/**
 * Opens one of the two data sets, as {@link openLabeledSets} does.
 *
 * @throws UsageError and DataError as {@link openLabeledSets} does
 */
export async function openLabeledSet(
  dir: string,
  data: DataConfig,
  part: 'train' | 'val',
  options: LabeledSetOptions,
): Promise<LabeledImages> {
  const root = join(dir, data[part]);
  if (await isSharded(root)) return ShardedImages.open(root, options.classes);
  if (!existsSync(root)) throw new UsageError(`${root} does not exist: ${expectation(data, part)}`);
  const key = `${part}_labels` as const;
  try {
    return await openImages(root, dir, data, key, options);
  } catch (error) {
    return advise(error, dir, key);
  }
}

async function openImages(
  root: string,
  dir: string,
  data: DataConfig,
  key: LabelsKey,
  { labels, notes, classes }: LabeledSetOptions,
): Promise<LabeledFiles> {
  if (data[key] === '') {
    const folder = await ImageFolder.open(root, { order: classes });
    notes.push(...leftOutNotes(folder));
    return folder;
  }
  const path = join(dir, data[key]);
  const { images, unlisted } = await (labels === 'any'
    ? openSets(root, path, data, classes)
    : openOnes(root, path, dir, data, classes));
  if (unlisted > 0) {
    notes.push(`${unlisted} ${unlisted === 1 ? 'image' : 'images'} in ${root} not in ${path}: left out`);
  }
  return images;
}

async function openOnes(
  root: string,
  path: string,
  dir: string,
  data: DataConfig,
  classes?: readonly string[],
) {
  const list = await readLabelFile(path, { columns: columnsOf(data) });
  const synsets = data.synsets === '' ? undefined : await readSynsets(join(dir, data.synsets));
  return openListed(root, list, { classes, synsets });
}

async function openSets(root: string, path: string, data: DataConfig, classes?: readonly string[]) {
  const { columns, label_separator: separator } = data;
  const list = await readLabelSets(path, { columns, separator: separator === '' ? undefined : separator });
  return openLabelSets(root, list, classes);
}

function expectation({ train, val }: DataConfig, part: 'train' | 'val'): string {
  const both = `expected DIR/${train}/CLASS/*.{jpg,png,…} and DIR/${val}/CLASS/*`;
  return part === 'train'
    ? both
    : `${both}, or data.split, the share of the training images to validate on, such as 0.1`;
}

function columnsOf({ columns }: DataConfig): readonly [string, string] | undefined {
  const [file, label] = columns;
  return file === undefined || label === undefined ? undefined : [file, label];
}

/** File names of label lists. The endings exclude a readme next to the data. */
const LIST_NAME = /\.(csv|tsv)$|(labels|val|ground_truth|annotations)\.txt$/i;

/** Rethrows an error, with the configuration keys that help. */
async function advise(error: unknown, dir: string, key: LabelsKey): Promise<never> {
  if (error instanceof LabelFileError && error.lacks) {
    throw new UsageError(`${error.message} (data.${error.lacks})`, { code: error.code, cause: error });
  }
  if (!(error instanceof FlatFolderError)) throw error;
  const names = await readdir(dir).catch(() => []);
  const lists = names.filter((name) => LIST_NAME.test(name)).sort();
  const found = lists.length > 0 ? `, such as ${lists.slice(0, 3).join(' or ')}` : '';
  throw new UsageError(`${error.message} (data.${key}${found}); inplace-abn data check explains both`, {
    code: error.code,
    cause: error,
  });
}
