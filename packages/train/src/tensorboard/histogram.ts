import { bisectRight } from 'd3-array';

/** Buckets with upper limits, as in TensorBoard's `HistogramProto`. */
export interface Histogram {
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Number of values. */
  count: number;
  /** Sum of the values. */
  sum: number;
  /** Sum of their squares. */
  sumSquares: number;
  /** Increasing upper limits of the buckets; the first bucket starts at −∞. */
  limits: number[];
  /** Number of values in each bucket. */
  buckets: number[];
}

const limits = defaultLimits();

/**
 * Counts values into TensorFlow's default buckets, whose limits grow by 10 % from ±1e-12 to ±1e20. Merges
 * runs of empty buckets, so that a histogram of weights takes about a kilobyte. Ignores NaN and infinities.
 */
export function makeHistogram(values: ArrayLike<number>): Histogram {
  const counts = new Map<number, number>();
  let [min, max, count, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined || !Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count += 1;
    sum += value;
    sumSquares += value * value;
    const bucket = bisectRight(limits, value);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  if (count === 0) return { min: 0, max: 0, count, sum, sumSquares, limits: [0], buckets: [0] };
  return { min, max, count, sum, sumSquares, ...mergeEmpty(counts) };
}

/** Keeps nonempty buckets, and one empty bucket for each gap before them. */
function mergeEmpty(counts: ReadonlyMap<number, number>): Pick<Histogram, 'limits' | 'buckets'> {
  const merged = { limits: [] as number[], buckets: [] as number[] };
  const push = (bucket: number, count: number) => {
    merged.limits.push(limits[bucket] ?? Number.MAX_VALUE);
    merged.buckets.push(count);
  };
  let next = 0;
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    if (bucket > next) push(bucket - 1, 0);
    push(bucket, count);
    next = bucket + 1;
  }
  return merged;
}

function defaultLimits(): number[] {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return [...positive.map((limit) => -limit).reverse(), 0, ...positive];
}
