/**
 * The images of a data folder to check: its data sets, or all its images if training cannot use it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  DataError,
  FlatFolderError,
  imagesBelow,
  type LabeledImages,
  type SegmentationFolder,
} from '@inplace-abn/data';
import {
  defaultClasses,
  type LabelMapSets,
  type Override,
  openLabeledSets,
  openLabelMapSets,
  type SegmentationTaskConfig,
  type TrainConfig,
} from '@inplace-abn/recipes';
import { configIn } from './label-map-parts.js';
import { sorting } from './sorting.js';

/** Images of a data folder: one of its data sets, or all. */
export interface Part {
  /** `train`, `val`, or empty for all. */
  readonly name: string;
  readonly length: number;
  path(index: number): string;
  /** Classes of the images, if known. */
  readonly labeled?: LabeledImages;
  /** Images with their label maps, for segmentation. */
  readonly maps?: SegmentationFolder;
}

export interface Parts {
  readonly parts: readonly Part[];
  /** Lines that training prints about the folder. */
  readonly notes: readonly string[];
  /** Why it cannot be trained on. */
  readonly problem?: string;
  /** How to fix that. */
  readonly advice?: string;
  /** Names of the classes of label maps. */
  readonly classes?: readonly string[];
}

/**
 * Opens a data folder as training would; without a configuration, its layout is recognized.
 *
 * @param overrides values that replace those recognized; a given configuration has its own already
 * @throws ConfigError for an override that no configuration may have
 */
export async function openParts(
  dir: string,
  config: TrainConfig | undefined,
  overrides: readonly Override[] = [],
): Promise<Parts> {
  const known = config ?? (await configIn(dir, overrides));
  try {
    if (known.task === 'segmentation')
      return mapped(await openLabelMapSets(dir, known), known, config === undefined);
    const { train, val, notes } = await openLabeledSets(
      dir,
      known.data,
      known.task === 'multi-label' ? 'any' : 'one',
    );
    return { parts: [partOf('train', train), partOf('val', val)], notes };
  } catch (error) {
    if (!(error instanceof DataError || error instanceof UsageError) || !existsSync(dir)) throw error;
    const flat = error.cause instanceof FlatFolderError ? error.cause.folder : undefined;
    const advice = flat === undefined ? undefined : sorting(dir, flat, known.data);
    return { parts: await unlabeled(dir, known), notes: [], problem: error.message, advice };
  }
}

function mapped(
  { train, val, classes, notes }: LabelMapSets,
  config: SegmentationTaskConfig,
  guessed: boolean,
): Parts {
  const { layout } = config.data;
  const keys = `"task": "segmentation"${layout === 'folders' ? '' : `, "data": { "layout": "${layout}" }`}`;
  return {
    parts: [mappedPart('train', train), mappedPart('val', val)],
    notes: [...(guessed ? [`read as label maps: { ${keys} }`] : []), ...notes],
    classes: (classes ?? defaultClasses(config.network.classes)).map(({ name }) => name),
  };
}

function mappedPart(name: string, maps: SegmentationFolder): Part {
  return { name, maps, length: maps.length, path: (index) => maps.path(index) };
}

function partOf(name: string, labeled: LabeledImages): Part {
  return { name, labeled, length: labeled.length, path: (index) => labeled.path(index) };
}

async function unlabeled(dir: string, { task, data, ...config }: TrainConfig): Promise<Part[]> {
  const images = task === 'segmentation' && 'segmentation' in config ? config.segmentation.images : '';
  const names = [data.train, data.val]
    .map((name) => join(name, images))
    .filter((name) => existsSync(join(dir, name)));
  const parts: Part[] = [];
  for (const name of names.length > 0 ? new Set(names) : ['']) {
    const files = await imagesBelow(join(dir, name)).catch(() => []);
    parts.push({ name, length: files.length, path: (index) => files[index] ?? '' });
  }
  return parts;
}
