import type { TensorType, TypedArray, Value } from '@inplace-abn/core';
import type { Signals } from '../module.js';

/** A `T` per value of `S`: a single one, or an object with the same keys. */
export type Per<S extends Signals, T> = S extends Value ? T : { readonly [K in keyof S]: T };

/** Maps a network's output and target to a scalar, such as a mean over the batch. */
export type LossFunction<Out extends Signals = Value, Target extends Signals = Value> = (
  output: Out,
  target: Target,
) => Value;

/** A loss that knows the type of its target. */
export interface Loss<Out extends Signals = Value, Target extends Signals = Value> {
  /** Shape and dtype of the target for a given output. */
  target(output: Per<Out, TensorType>): Per<Target, TensorType>;
  /** The loss of an output and its target: a float32 scalar. `count`: see {@link Loss.count}. */
  readonly compute: (output: Out, target: Target, count?: Value) => Value<'float32'>;
  /**
   * Divisor of the mean in `compute` if it is not the number of samples, such as the number of labeled
   * pixels. If a batch is split over processes or parts, `compute` receives the divisor of the whole batch,
   * float32[], and returns its share of the mean. Without `count`, the loss of each part is weighted by its
   * number of samples.
   */
  readonly count?: (target: Per<Target, TypedArray>) => number;
}

/** A loss whose target is float32 with the output's shape. */
export function likeOutput(compute: Loss['compute']): Loss {
  return { target: ({ shape }) => ({ shape, dtype: 'float32' }), compute };
}
