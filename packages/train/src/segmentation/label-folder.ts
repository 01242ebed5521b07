/** Labels beside photographs: the scores of one prediction, and of all that a folder holds. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import { DataError, type LabelMap, readLabelMap } from '@inplace-abn/data';
import type { SegmentationClass } from './classes.js';
import { Confusion } from './confusion.js';
import { type LabelsResult, labelsResult } from './labels-report.js';
import { outputName, outputPath } from './shard.js';

export interface LabelFolder {
  /** Holds NAME.png, class ids in grey or with a palette, for the photograph NAME.jpg. */
  readonly path: string;
}

/** @throws UsageError where it is no folder */
export async function openLabelFolder(path: string): Promise<LabelFolder> {
  const kind = await stat(path).catch(() => null);
  if (kind?.isDirectory()) return { path };
  throw new UsageError(`--labels: ${path} is no folder: expected one with NAME.png for each photograph`);
}

function labelPath({ path }: LabelFolder, file: string): string {
  return join(path, `${outputName(file)}.png`);
}

/**
 * The scores of one prediction, of the photograph's own size; undefined where it has no label, or one that cannot be
 * used: {@link folderScores} tells why.
 */
export async function scoresOf(
  folder: LabelFolder,
  file: string,
  prediction: LabelMap,
  classes: readonly SegmentationClass[],
): Promise<LabelsResult | undefined> {
  if (!existsSync(labelPath(folder, file))) return undefined;
  const confusion = new Confusion(classes.length);
  try {
    await count(confusion, folder, file, prediction);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  return labelsResult(confusion, classes);
}

export interface FolderScores {
  readonly result: LabelsResult;
  /** Images that counted, and those without a label or a prediction. */
  readonly images: number;
  readonly missing: readonly string[];
  /** Why images whose label or prediction cannot be used do not count. */
  readonly failed: readonly string[];
}

/**
 * The scores of all predictions that are in `outDir`, whichever run or process wrote them: of those that share a folder,
 * the one that ends last has counted everything.
 */
export async function folderScores(
  folder: LabelFolder,
  files: readonly string[],
  outDir: string,
  classes: readonly SegmentationClass[],
): Promise<FolderScores> {
  const confusion = new Confusion(classes.length);
  const missing: string[] = [];
  const failed: string[] = [];
  let images = 0;
  for (const file of files) {
    const prediction = outputPath(outDir, outputName(file), 'prediction');
    if (!existsSync(labelPath(folder, file)) || !existsSync(prediction)) {
      missing.push(file);
      continue;
    }
    try {
      await count(confusion, folder, file, await readLabelMap(prediction));
      images++;
    } catch (error) {
      // A prediction of another network may hold classes that this one does not have.
      if (!(error instanceof DataError || error instanceof RangeError)) throw error;
      failed.push(error.name === 'RangeError' ? `${prediction}: ${error.message}` : error.message);
    }
  }
  return { result: labelsResult(confusion, classes), images, missing, failed };
}

async function count(
  confusion: Confusion,
  folder: LabelFolder,
  file: string,
  prediction: LabelMap,
): Promise<void> {
  const path = labelPath(folder, file);
  const label = await readLabelMap(path);
  if (label.width !== prediction.width || label.height !== prediction.height) {
    throw new DataError(
      `The label ${path} has ${label.width}×${label.height} pixels, its photograph ${file} ${prediction.width}×${prediction.height}: they must be of one size.`,
    );
  }
  confusion.add(label.data, prediction.data);
}
