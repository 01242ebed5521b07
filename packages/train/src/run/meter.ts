/** What a run counts from the outputs of its steps. */
import type { Batch } from '@inplace-abn/data';
import type { Metrics } from '../meters/metrics.js';

/** The outputs of a step on the host, without its loss. */
export type Outputs = Readonly<Record<string, ArrayLike<number | bigint>>>;

/** What a meter found in one batch. */
export interface Counted {
  /** Of this batch alone. */
  readonly metrics: Metrics;
  /** What the loss is the mean over: images, or labeled pixels. May be 0. */
  readonly labelled: number;
}

/** Percent; NaN for a class that does not occur. */
export interface ByClass {
  readonly iou?: readonly number[];
}

/** Counts the outputs of steps. */
export interface Meter {
  /** `labelled`: what counts in all processes, where the outputs are sums over them; default: what does in the batch. */
  add(outputs: Outputs, batch: Batch, labelled?: number): Counted;
  /** Over everything added since the last reset; NaN where nothing was. */
  readonly metrics: Metrics;
  /** Of what was added, by class; where the task knows it. */
  readonly byClass?: ByClass;
  /** All that was counted since the last reset: the sum over processes, element by element, is what they counted together. */
  counts(): Float64Array;
  /** Replaces what was counted. */
  setCounts(counts: Float64Array): void;
  reset(): void;
}
