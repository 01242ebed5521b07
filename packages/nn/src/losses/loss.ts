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
   * Divisor of the mean that `compute` takes, where it is not the number of samples, such as the number of
   * labeled pixels. Where a batch is divided over processes or parts, `compute` gets the divisor of the whole
   * batch, a float32 scalar, and returns its part of the mean. Without `count`, the losses of parts are
   * weighted by their samples.
   */
  readonly count?: (target: Per<Target, TypedArray>) => number;
}

/** A loss whose target is float32 with the output's shape. */
export function likeOutput(compute: Loss['compute']): Loss {
  return { target: ({ shape }) => ({ shape, dtype: 'float32' }), compute };
}
