/** The images of a data folder to check: its data sets, or all images where no data sets can be made of them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import { DataError, FlatFolderError, imagesBelow, type LabeledImages } from '@inplace-abn/data';
import { type DataConfig, openLabeledSets } from '@inplace-abn/recipes';

/** Some of the images of a data folder. */
export interface Part {
  /** `train`, `val`, or empty for all. */
  readonly name: string;
  readonly length: number;
  path(index: number): string;
  /** Class of an image; missing where nothing tells. */
  readonly labeled?: LabeledImages;
}

export interface Parts {
  readonly parts: readonly Part[];
  /** Lines that training prints about the folder. */
  readonly notes: readonly string[];
  /** Why it cannot be trained on. */
  readonly problem?: string;
  /** How to mend that. */
  readonly advice?: string;
}

/** Opens a data folder as training would. */
export async function openParts(dir: string, data: DataConfig): Promise<Parts> {
  try {
    const { train, val, notes } = await openLabeledSets(dir, data);
    return { parts: [partOf('train', train), partOf('val', val)], notes };
  } catch (error) {
    if (!(error instanceof DataError || error instanceof UsageError) || !existsSync(dir)) throw error;
    const flat = error.cause instanceof FlatFolderError ? error.cause.folder : undefined;
    const advice = flat === undefined ? undefined : sorting(flat, data);
    return { parts: await unlabeled(dir, data), notes: [], problem: error.message, advice };
  }
}

function partOf(name: string, labeled: LabeledImages): Part {
  return { name, labeled, length: labeled.length, path: (index) => labeled.path(index) };
}

async function unlabeled(dir: string, { train, val }: DataConfig): Promise<Part[]> {
  const names = [train, val].filter((name) => existsSync(join(dir, name)));
  const parts: Part[] = [];
  for (const name of names.length > 0 ? new Set(names) : ['']) {
    const files = await imagesBelow(join(dir, name)).catch(() => []);
    parts.push({ name, length: files.length, path: (index) => files[index] ?? '' });
  }
  return parts;
}

function sorting(folder: string, { val }: DataConfig): string {
  return [
    'A folder of images without class folders needs a list of their classes. Put it next to the folder and name it in the',
    `configuration: { "data": { "${folder.endsWith(val) ? 'val' : 'train'}_labels": "labels.csv" } }, with a line such as`,
    '  ILSVRC2012_val_00000001.JPEG,n01751748',
    "for each image. Kaggle's LOC_val_solution.csv is such a list; the devkit's ground truth needs its meta.mat, too (data.synsets).",
    'Or sort the images by such a list, once:',
    `  cd ${folder}`,
    `  while IFS=, read -r file class; do mkdir -p "$class" && mv "$file" "$class/"; done < ../labels.csv`,
  ].join('\n');
}
