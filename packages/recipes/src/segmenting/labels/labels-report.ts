/** The result of a comparison with labels, as a table and as JSON. */
import { alignColumns } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import type { SegmentationClass } from '../../segmentation/classes.js';

/** The part of a confusion matrix that the report reads. */
export interface ConfusionCounts {
  readonly classes: number;
  /** Pixels, [label, predicted], row by row. */
  readonly matrix: ArrayLike<number>;
  /** 0 to 1; null for a class that occurs neither in labels nor in predictions. */
  iou(label: number): number | null;
  /** 0 to 1, over the classes with an IoU; null or NaN if there are none. */
  readonly meanIou: number | null;
  /** 0 to 1; null or NaN without labeled pixels. */
  readonly pixelAccuracy: number | null;
}

export interface LabelScore {
  readonly id: number;
  readonly name: string;
  /** Percent, or null for a class that does not occur. */
  readonly iou: number | null;
  /** Pixels with this label. */
  readonly pixels: number;
  /** Labeled pixels with this prediction. */
  readonly predicted: number;
}

/** The keys of labels.json, in docs/file-formats.md. */
export interface LabelsResult {
  /** Percent. */
  readonly meanIou: number | null;
  readonly pixelAccuracy: number | null;
  readonly pixels: number;
  readonly classes: readonly LabelScore[];
  /** [label, predicted, pixels] of every pair that occurred. */
  readonly confusion: readonly (readonly [number, number, number])[];
}

/**
 * @param classes all classes of the confusion matrix, by id
 * @throws {UsageError} if the numbers of classes differ
 */
export function labelsResult(
  confusion: ConfusionCounts,
  classes: readonly SegmentationClass[],
): LabelsResult {
  const { matrix, meanIou, pixelAccuracy, classes: count } = confusion;
  if (classes.length !== count || matrix.length !== count * count) {
    throw new UsageError(
      `a confusion matrix of ${count} classes with ${matrix.length} cells does not fit a list of ${classes.length} classes`,
    );
  }
  const pixels = new Float64Array(count);
  const predicted = new Float64Array(count);
  const pairs: [number, number, number][] = [];
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const cell = matrix[row * count + column] ?? 0;
      if (cell === 0) continue;
      pairs.push([row, column, cell]);
      pixels[row] = (pixels[row] ?? 0) + cell;
      predicted[column] = (predicted[column] ?? 0) + cell;
    }
  }
  return {
    meanIou: perCent(meanIou),
    pixelAccuracy: perCent(pixelAccuracy),
    pixels: pixels.reduce((a, b) => a + b, 0),
    classes: classes.map(({ id, name }) => ({
      id,
      name,
      iou: perCent(confusion.iou(id)),
      pixels: pixels[id] ?? 0,
      predicted: predicted[id] ?? 0,
    })),
    confusion: pairs,
  };
}

/** The result as JSON text, with one key per line, and one line per class and pair. */
export function labelsJson(result: LabelsResult): string {
  const list = (elements: readonly unknown[]) =>
    elements.map((each) => `\n  ${JSON.stringify(each)}`).join(',');
  const lines = Object.entries(result).map(
    ([key, value]) =>
      ` ${JSON.stringify(key)}: ${Array.isArray(value) ? `[${list(value)}]` : JSON.stringify(value)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** One line per class in the order of ids, then the means; – if a class does not occur. */
export function formatLabels({ classes, meanIou, pixelAccuracy, pixels }: LabelsResult): string {
  const rows = [
    ['class', 'IoU', 'pixels'],
    ...classes.map((each) => [each.name, score(each.iou), each.pixels > 0 ? String(each.pixels) : '–']),
    ['mean IoU', score(meanIou), String(pixels)],
    ['pixel accuracy', score(pixelAccuracy), ''],
  ];
  const lines = alignColumns(rows, (column) => column > 0).map((row) => row.join('  '));
  return [...lines.slice(0, -2), '', ...lines.slice(-2)].map((line) => line.trimEnd()).join('\n');
}

function score(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(2)} %`;
}

function perCent(share: number | null): number | null {
  return share === null || Number.isNaN(share) ? null : 100 * share;
}
