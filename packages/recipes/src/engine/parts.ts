/** The parts of a training batch as input arrays of its steps. */
import { shardInput, type TypedArray } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import { type BatchShape, heightAndWidth, imageArrays, mixArrays } from '../task/images.js';
import type { Objective } from '../task/task.js';

/** How the steps of a process divide its batch. */
export interface Division {
  readonly shape: BatchShape;
  /** Images of each part; parts are trained in turn. */
  readonly sizes: readonly number[];
  /** Whether the images are mixed. */
  readonly mixes: boolean;
  /** Images of another process that follow the batch's own. */
  readonly guests: number;
  /** Shards that this process holds, each with the same number of parts; 0: no shards. */
  readonly shards: number;
}

/** Sizes of the parts of a batch, larger ones first. */
export function partSizes(images: number, parts: number): number[] {
  const [least, more] = [Math.floor(images / parts), images % parts];
  return Array.from({ length: parts }, (_, index) => least + (index < more ? 1 : 0));
}

/**
 * Input images of a part of `size` images if images are mixed, else 0. With several parts or shards, each
 * part includes its partners.
 */
export function mixedRows({ sizes, mixes, guests, shards }: Division, size: number): number {
  if (!mixes) return 0;
  return sizes.length > 1 || shards > 0 ? 2 * size : size + guests;
}

/** The inputs of each part, except scalars. */
export function partArrays(
  batch: Batch,
  objective: Objective,
  division: Division,
): Record<string, TypedArray>[] {
  const { shape, sizes, mixes, guests, shards } = division;
  const labels = objective.labelArray(batch, shape);
  if (sizes.length === 1 && shards === 0) {
    const rows = mixes ? shape.batch + guests : shape.batch;
    const mixed = mixes ? mixArrays(batch, shape, objective) : {};
    return [{ ...imageArrays(batch, { ...shape, batch: rows }), labels, ...mixed }];
  }
  const whole = mixes ? mixArrays(batch, shape, objective) : null;
  let begin = 0;
  return sizes.map((size) => {
    const first = begin;
    begin += size;
    const own = sliceOf(batch, shape, first, size);
    const part = { labels: rowsOf(labels, shape.batch, first, size), ...own };
    if (!whole) return part;
    const { partners = new Int32Array(0), lambda, boxes, mixed_labels } = whole;
    return {
      ...part,
      ...withPartners(batch, shape, own, partners.subarray(first, first + size)),
      lambda: rowsOf(lambda ?? partners, shape.batch, first, size),
      boxes: rowsOf(boxes ?? partners, shape.batch, first, size),
      mixed_labels: rowsOf(mixed_labels ?? partners, shape.batch, first, size),
    };
  });
}

/** The arrays of a process's shards as inputs of its step. */
export function ofShards(own: readonly Record<string, TypedArray>[]): Record<string, TypedArray> {
  const entries = own.flatMap((arrays, shard) =>
    Object.entries(arrays).map(([name, data]): [string, TypedArray] => [shardInput(name, shard), data]),
  );
  return Object.fromEntries(entries);
}

/** Images and colors of a part, followed by those of its partners. */
function withPartners(
  batch: Batch,
  shape: BatchShape,
  own: { readonly images: Uint8Array; readonly color: Float32Array },
  partners: ArrayLike<number>,
): Record<string, TypedArray> {
  const size = partners.length;
  const bytes = own.images.length / size;
  const images = new Uint8Array(2 * own.images.length);
  const color = new Float32Array(2 * own.color.length);
  images.set(own.images);
  color.set(own.color);
  for (let row = 0; row < size; row++) {
    const other = sliceOf(batch, shape, partners[row] ?? 0, 1);
    images.set(other.images, (size + row) * bytes);
    color.set(other.color, (size + row) * 12);
  }
  return { images, color, partners: Int32Array.from({ length: size }, (_, row) => size + row) };
}

/**
 * Rows of a batch as a batch, to count labels in. Images, colors and label sets stay those of the whole
 * batch.
 */
export function countedRows(batch: Batch, first: number, count: number): Batch {
  const { labels, indices, targets, labeled, size } = batch;
  const rows = <A extends TypedArray>(array: A | null): A | null =>
    array && rowsOf(array, labels.length, first, count);
  return {
    ...batch,
    labels: labels.subarray(first, first + count),
    indices: indices.subarray(first, first + count),
    targets: rows(targets),
    labeled: rows(labeled),
    size: Math.min(count, Math.max(0, size - first)),
  };
}

function sliceOf({ images, color }: Batch, { crop }: BatchShape, first: number, count: number) {
  const [height, width] = heightAndWidth(crop);
  const bytes = height * width * 3;
  return {
    images: images.subarray(first * bytes, (first + count) * bytes),
    color: color.subarray(first * 12, (first + count) * 12),
  };
}

/** Rows of an array that holds `rows` of them. */
function rowsOf<A extends TypedArray>(array: A, rows: number, first: number, count: number): A {
  const width = array.length / rows;
  return array.subarray(first * width, (first + count) * width) as A;
}
