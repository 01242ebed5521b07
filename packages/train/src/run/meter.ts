/** Counts metrics from the outputs of steps. */
import type { Batch } from '@inplace-abn/data';
import type { Scored } from '../meters/average-precision.js';
import type { ByClass, Metrics } from '../meters/metrics.js';

/** The outputs of a step on the host, without its loss. */
export type Outputs = Readonly<Record<string, ArrayLike<number | bigint>>>;

/** A meter's result for one batch. */
export interface Counted {
  /** Metrics of this batch only. */
  readonly metrics: Metrics;
  /** Number of items that the loss is a mean over: images or labeled pixels. May be 0. */
  readonly labeled: number;
}

/** Counts the outputs of steps. */
export interface Meter {
  /**
   * `labeled`: items counted over all processes, if the outputs are sums over them. Default: those of the
   * batch.
   */
  add(outputs: Outputs, batch: Batch, labeled?: number): Counted;
  /** Metrics over everything since the last reset; NaN if nothing was added. */
  readonly metrics: Metrics;
  /** Metrics by class since the last reset, if the task has them. */
  readonly byClass?: ByClass;
  /** All counts since the last reset. Summing them over processes, elementwise, gives the counts of all. */
  counts(): Float64Array;
  /** Replaces the counts. */
  setCounts(counts: Float64Array): void;
  /** Scores of all images, for metrics that cannot be summed. */
  readonly scored?: Scored;
  /** Adds those of another meter, such as one of another process. */
  addScored?(scored: Scored): void;
  /** Forgets all samples. */
  reset(): void;
}
