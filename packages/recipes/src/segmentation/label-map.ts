/** Maps of classes and of confidences, one value per pixel. */
import { UsageError } from '@inplace-abn/core';
import type { LabelMap, Size } from '@inplace-abn/data';
import type { SegmentationClass } from './classes.js';

export type { LabelMap } from '@inplace-abn/data';

/** The probability of each pixel's class. */
export interface ConfidenceMap extends Size {
  /** Probabilities, row by row. */
  readonly data: Float32Array;
}

/** The number of pixels of one class. */
export interface ClassCount {
  /** Class id. */
  readonly id: number;
  /** Number of pixels. */
  readonly pixels: number;
}

/** The classes that occur in a map, the largest first; ties by id. */
export function countClasses({ data }: LabelMap): ClassCount[] {
  const counts = new Float64Array(256);
  for (const id of data) counts[id] = (counts[id] ?? 0) + 1;
  return Array.from(counts, (pixels, id) => ({ id, pixels }))
    .filter(({ pixels }) => pixels > 0)
    .sort((a, b) => b.pixels - a.pixels || a.id - b.id);
}

/** Mean probability of a map; NaN if any is NaN. */
export function meanConfidence({ data }: ConfidenceMap): number {
  let sum = 0;
  for (const probability of data) sum += probability;
  return sum / data.length;
}

/** Three bytes for each of 256 ids, red first; black beyond the classes. */
export function colorTable(classes: readonly SegmentationClass[]): Uint8Array {
  const table = new Uint8Array(3 * 256);
  for (const { id, color } of classes) table.set(color, 3 * id);
  return table;
}

/** The class of an id; a generic one if the list does not have it. */
export function classOf(classes: readonly SegmentationClass[], id: number): SegmentationClass {
  return classes[id] ?? { id, name: `class ${id}`, color: [0, 0, 0] };
}

interface Sized extends Size {
  readonly data: { readonly length: number };
}

/** @throws {UsageError} if `data` does not hold `channels` values per pixel */
export function checkSize(what: string, { width, height, data }: Sized, channels = 1): void {
  if (data.length === width * height * channels) return;
  throw new UsageError(
    `${what} of ${width}×${height} pixels needs ${width * height * channels} values but has ${data.length}`,
  );
}

/** @throws {UsageError} if two pictures of the same scene differ in size */
export function checkSameSize(what: string, a: Sized, other: string, b: Sized): void {
  if (a.width === b.width && a.height === b.height) return;
  throw new UsageError(
    `${what} has ${a.width}×${a.height} pixels but ${other} ${b.width}×${b.height}: resize one to the other`,
  );
}

/** `34.2 %`. Never rounds a positive share to 0 %, or a share below 1 to 100 %. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.0005) return '<0.1 %';
  if (share < 1 && share >= 0.9995) return '>99.9 %';
  return `${(100 * share).toFixed(1)} %`;
}
