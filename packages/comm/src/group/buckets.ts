/**
 * Sums of parameter gradients over processes, in buckets: one message for many tensors, started as soon as the backward
 * pass has them, so that they travel while the rest is computed. (The idea of PyTorch's DistributedDataParallel.)
 */
import { elements, pack, startAllReduce, unpack, type Value } from '@inplace-abn/core';
import type { GroupShape } from './world-group.js';

export interface BucketOptions {
  /** Bytes after which a bucket is full. */
  readonly bytes?: number;
  /** Bytes of the first bucket, so that sending begins early, and at most of the last, which nothing hides. */
  readonly edgeBytes?: number;
}

const MIB = 2 ** 20;

/**
 * Σ of each gradient (float32, traced, in any order) over the processes of `group`; in the order given. The first of them
 * to be computed are the first to be sent; the step waits for them at the end of its backward pass.
 */
export function sumInBuckets(
  gradients: readonly Value[],
  group: GroupShape,
  options: BucketOptions = {},
): Value[] {
  const [first] = gradients;
  if (!first) return [];
  return first.tracer.during('update', null, () => summed(gradients, group, options));
}

function summed(gradients: readonly Value[], group: GroupShape, options: BucketOptions): Value[] {
  const sums = new Map<Value, Value>();
  const buckets = bucketsOf(gradients, options);
  const inBucket = <T>(index: number, body: () => T): T | undefined =>
    gradients[0]?.tracer.within(`bucket${index + 1}`, body);
  const started = buckets.map((bucket, index) =>
    inBucket(index, () => startAllReduce(pack(bucket), group.name)),
  );
  for (const [index, bucket] of buckets.entries()) {
    const shapes = bucket.map(({ shape }) => shape);
    const tensors = inBucket(index, () => {
      const pending = started[index];
      return pending ? unpack(pending.wait(), shapes) : [];
    });
    for (const [i, gradient] of bucket.entries()) sums.set(gradient, tensors?.[i] ?? gradient);
  }
  return gradients.map((gradient) => sums.get(gradient) ?? gradient);
}

/** Values in the order in which they are computed, cut into buckets. */
export function bucketsOf(
  values: readonly Value[],
  { bytes = 8 * MIB, edgeBytes = MIB }: BucketOptions = {},
): Value[][] {
  const computed = [...values].sort((a, b) => a.id - b.id);
  const last = tailOf(computed, edgeBytes);
  const buckets: Value[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const value of computed.slice(0, computed.length - last)) {
    const limit = buckets.length <= 1 ? edgeBytes : bytes;
    if (filled >= limit) {
      buckets.push([]);
      filled = 0;
    }
    buckets.at(-1)?.push(value);
    filled += sizeOf(value);
  }
  if (last > 0) buckets.push(computed.slice(computed.length - last));
  return buckets;
}

/** How many values at the end fit into `limit` bytes. */
function tailOf(values: readonly Value[], limit: number): number {
  let total = 0;
  let count = 0;
  for (const value of [...values].reverse()) {
    total += sizeOf(value);
    if (total > limit) break;
    count++;
  }
  return count;
}

function sizeOf(value: Value): number {
  return elements(value.shape) * Float32Array.BYTES_PER_ELEMENT;
}
