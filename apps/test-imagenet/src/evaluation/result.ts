/** The result of a test, and its JSON form. */
import type { FilePart, SkippedImage } from '@inplace-abn/data';
import type { Mistake } from './most-confident.js';
import type { ClassCount, ConfusionCell } from './tally.js';
import type { Preparation } from './test-data.js';

export interface ClassResult extends ClassCount {
  /** Index of the network's output. */
  readonly label: number;
  readonly name: string;
}

export interface WrongImage extends Mistake {
  /** The file, relative to the tested folder, and its full path. */
  readonly file: string;
  readonly path: string;
  /** Its content, if it is in a shard. */
  readonly part?: FilePart;
}

export interface TestResult extends Preparation {
  readonly arch: string;
  readonly precision: string;
  readonly checkpoint: string;
  /** The folder with the class folders. */
  readonly data: string;
  /** Counted images; together with `unreadable` all images of the folder. */
  readonly images: number;
  readonly unreadable: readonly SkippedImage[];
  /** Percent. */
  readonly top1: number;
  readonly top5: number;
  /** Mean cross entropy. */
  readonly loss: number;
  /** One class per output of the network; classes without a folder have no images. */
  readonly classes: readonly ClassResult[];
  /** Non-zero cells of the confusion matrix. */
  readonly confusion: readonly ConfusionCell[];
  /** The wrong predictions with the highest probability. */
  readonly worst: readonly WrongImage[];
  readonly seconds: number;
}

/** A class of a multi-label test. */
export interface LabelResult {
  /** Index of the network's output. */
  readonly label: number;
  readonly name: string;
  /** Images with this label. */
  readonly images: number;
  /** Average precision, percent; NaN without images. */
  readonly ap: number;
}

/** The result of a test on images with any number of labels. */
export interface LabelTestResult
  extends Pick<
    TestResult,
    | 'arch'
    | 'precision'
    | 'checkpoint'
    | 'data'
    | 'images'
    | 'unreadable'
    | 'loss'
    | 'seconds'
    | keyof Preparation
  > {
  /** Mean average precision over the classes that occur, and F1 of all labels; percent. */
  readonly map: number;
  readonly f1: number;
  readonly labels: readonly LabelResult[];
}

/** `count` as a percentage of `of`; null if `of` is 0. */
export function percent(count: number, of: number): number | null {
  return of > 0 ? (100 * count) / of : null;
}

/** The result in the form of `--json`; docs/file-formats.md describes the keys. */
export function resultJson(result: TestResult | LabelTestResult): Record<string, unknown> {
  return 'labels' in result ? labelJson(result) : classJson(result);
}

function labelJson({ labels, unreadable, tenCrops, ...rest }: LabelTestResult): Record<string, unknown> {
  return {
    ...rest,
    crops: tenCrops ? 10 : 1,
    unreadable: unreadable.map(({ path, reason }) => ({ path, reason })),
    classes: labels.map(({ ap, ...each }) => ({ ...each, ap: Number.isNaN(ap) ? null : ap })),
  };
}

function classJson(result: TestResult): Record<string, unknown> {
  const { classes, confusion, worst, unreadable, tenCrops, ...rest } = result;
  return {
    ...rest,
    crops: tenCrops ? 10 : 1,
    unreadable: unreadable.map(({ path, reason }) => ({ path, reason })),
    classes: classes.map(({ label, name, images, correct1, correct5 }) => ({
      label,
      name,
      images,
      top1: percent(correct1, images),
      top5: percent(correct5, images),
    })),
    confusion: confusion.map(({ label, predicted, count }) => [label, predicted, count]),
    worst: worst.map(({ file, label, predicted, probability, labelProbability }) => ({
      file,
      label,
      predicted,
      probability,
      labelProbability,
    })),
  };
}
