/** Scores predictions against labels, one image at a time and over a folder. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  DataError,
  IGNORED,
  type LabelCoding,
  LabelFolder,
  type LabelMap,
  type LabelNaming,
  readLabelMap,
} from '@inplace-abn/data';
import type { LabelKeys } from '../../config/data.js';
import type { SegmentationClass } from '../../segmentation/classes.js';
import { Confusion } from '../../segmentation/confusion.js';
import { countedIds, foreignId } from '../../segmentation/label-range.js';
import { readingAbove } from '../../segmentation/label-reading.js';
import { outputName, outputPath } from '../output/files.js';
import { type LabelsResult, labelsResult } from './labels-report.js';

/** How to read labels, as in the training of the network. */
export interface Labeling extends LabelNaming {
  /** Class id to ignore in addition to 255. Default 255. */
  readonly ignoreIndex?: number;
  /** How the data set names and codes labels; default: NAME.png, whose ids are classes. */
  readonly keys?: LabelKeys;
  /** Limit for the pixels of a label map; default 2^27. */
  readonly maxPixels?: number;
}

/** Labels of photographs, and which ids count. */
export interface Labels {
  /** Holds NAME.png for the photograph NAME.jpg. */
  readonly folder: LabelFolder;
  /** All classes of the network, by id. */
  readonly classes: readonly SegmentationClass[];
  readonly ignoreIndex: number;
  readonly coding?: LabelCoding;
  readonly maxPixels?: number;
}

/** @throws UsageError if `path` is not a folder */
export async function openLabels(
  path: string,
  classes: readonly SegmentationClass[],
  { ignoreIndex = IGNORED, keys, maxPixels, ...naming }: Labeling = {},
): Promise<Labels> {
  const kind = await stat(path).catch(() => null);
  if (kind?.isDirectory()) {
    const { layout, coding } = keys ? await readingAbove(path, keys) : {};
    const folder = await LabelFolder.open(path, {
      imageSuffix: naming.imageSuffix || layout?.imageSuffix,
      labelSuffix: naming.labelSuffix || layout?.labelSuffix,
    });
    return { folder, classes, ignoreIndex, coding, maxPixels };
  }
  throw new UsageError(
    `there is no folder of labels ${path}: expected one with NAME.png for each photograph`,
  );
}

/**
 * The scores of one prediction at the photograph's size; undefined if it has no label map or an unusable one,
 * which {@link folderScores} reports.
 */
export async function scoresOf(
  labels: Labels,
  file: string,
  prediction: LabelMap,
): Promise<LabelsResult | undefined> {
  const path = labels.folder.labelOf(basename(file));
  if (path === null) return undefined;
  const confusion = new Confusion(labels.classes.length);
  try {
    await count(confusion, labels, { file, path, prediction });
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  return labelsResult(confusion, labels.classes);
}

export interface FolderScores {
  readonly result: LabelsResult;
  /** Number of counted images; names of those without a label or a prediction. */
  readonly images: number;
  readonly missing: readonly string[];
  /** Images whose label or prediction cannot be used, with reasons. */
  readonly failed: readonly string[];
}

/**
 * The scores of all predictions in `outDir`, from any run or process. Among processes that share the folder,
 * the last one to end counts all of them.
 */
export async function folderScores(
  labels: Labels,
  files: readonly string[],
  outDir: string,
): Promise<FolderScores> {
  const confusion = new Confusion(labels.classes.length);
  const missing: string[] = [];
  const failed: string[] = [];
  let images = 0;
  for (const file of files) {
    const predicted = outputPath(outDir, outputName(file), 'prediction');
    const path = labels.folder.labelOf(basename(file));
    if (path === null || !existsSync(predicted)) {
      missing.push(file);
      continue;
    }
    try {
      const prediction = await readLabelMap(predicted, { maxPixels: labels.maxPixels });
      await count(confusion, labels, { file, path, prediction });
      images++;
    } catch (error) {
      // A prediction of another network may hold classes that this one does not have.
      if (!(error instanceof DataError || error instanceof RangeError)) throw error;
      failed.push(error.name === 'RangeError' ? `${predicted}: ${error.message}` : error.message);
    }
  }
  return { result: labelsResult(confusion, labels.classes), images, missing, failed };
}

interface Pair {
  /** Name of the photograph. */
  readonly file: string;
  /** Path of its label map. */
  readonly path: string;
  readonly prediction: LabelMap;
}

async function count(
  confusion: Confusion,
  { classes, ignoreIndex, coding, maxPixels }: Labels,
  { file, path, prediction }: Pair,
): Promise<void> {
  const label = await readLabelMap(path, { maxPixels, coding });
  if (label.width !== prediction.width || label.height !== prediction.height) {
    throw new DataError(
      `The label ${path} has ${label.width}×${label.height} pixels, its photograph ${file} ${prediction.width}×${prediction.height}: they must have the same size.`,
    );
  }
  const range = { classes: classes.length, ignoreIndex };
  const ids = new Uint8Array(label.data.length);
  const foreign = countedIds(label.data, range, ids);
  if (foreign >= 0) {
    const [x, y] = [foreign % label.width, Math.floor(foreign / label.width)];
    throw new DataError(`The label ${path} ${foreignId(label.data[foreign] as number, range, x, y)}.`);
  }
  confusion.add(ids, prediction.data);
}
