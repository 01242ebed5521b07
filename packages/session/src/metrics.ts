import { topkCorrect, type Value } from '@inplace-abn/core';
import type { Signals } from '@inplace-abn/nn';

/**
 * A scalar that says how good an output is: float32, a mean over the batch, or int32, a count of its samples,
 * which is divided by their number. For a batch divided over processes or parts, it is the mean of their
 * values weighted by samples, which is the metric of the whole batch only if the metric is a mean over
 * samples.
 */
export type Metric<Out extends Signals = Value, Target extends Signals = Value> = (
  output: Out,
  target: Target,
) => Value;

/**
 * Share of the samples whose label is among the `top` largest of their scores. Output [N,K]; target int32[N].
 */
export function accuracy({ top = 1 }: { readonly top?: number } = {}): Metric {
  return (output, target) => topkCorrect(output, target, [top]);
}
