/**
 * Bucketed all-reduce of parameter gradients: one message carries many tensors and starts as soon as the
 * backward pass has computed them, so that communication overlaps computation. (After PyTorch's
 * DistributedDataParallel.)
 */
import { elements, pack, startAllReduce, unpack, type Value } from '@inplace-abn/core';
import type { GroupShape } from './world-group.js';

/** Options of summing gradients in buckets. */
export interface BucketOptions {
  /** Bucket size in bytes; default {@link BUCKET_BYTES}. */
  readonly bytes?: number;
  /**
   * Size in bytes of the first bucket, so that communication starts early, and size limit of the last one,
   * which nothing overlaps. Default 1 MiB, at most `bytes`.
   */
  readonly edgeBytes?: number;
}

const MIB = 2 ** 20;

/** Default size of a bucket: 8 MiB. */
export const BUCKET_BYTES = 8 * MIB;

/**
 * All-reduces each gradient (float32, traced, in any order) over `group` and returns the sums in the order
 * given. Buckets are sent in the order in which the gradients are computed; the step waits for them at the
 * end of its backward pass.
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

/** Splits values into buckets, in the order in which they are computed. */
export function bucketsOf(values: readonly Value[], options: BucketOptions = {}): Value[][] {
  return inBuckets(
    [...values].sort((a, b) => a.id - b.id),
    sizeOf,
    options,
  );
}

/** Splits items into buckets by their bytes, in the order given. */
export function inBuckets<T>(
  computed: readonly T[],
  bytesOf: (item: T) => number,
  { bytes = BUCKET_BYTES, edgeBytes = Math.min(MIB, bytes) }: BucketOptions = {},
): T[][] {
  const last = tailOf(computed.map(bytesOf), edgeBytes);
  const buckets: T[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const item of computed.slice(0, computed.length - last)) {
    const limit = buckets.length <= 1 ? edgeBytes : bytes;
    if (filled >= limit) {
      buckets.push([]);
      filled = 0;
    }
    buckets.at(-1)?.push(item);
    filled += bytesOf(item);
  }
  if (last > 0) buckets.push(computed.slice(computed.length - last));
  return buckets;
}

/** Number of trailing sizes whose sum is at most `limit`. */
function tailOf(sizes: readonly number[], limit: number): number {
  let total = 0;
  let count = 0;
  for (const size of [...sizes].reverse()) {
    total += size;
    if (total > limit) break;
    count++;
  }
  return count;
}

function sizeOf(value: Value): number {
  return elements(value.shape) * Float32Array.BYTES_PER_ELEMENT;
}
