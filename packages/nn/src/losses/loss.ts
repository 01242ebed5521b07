import type { TensorType, Value } from '@inplace-abn/core';
import type { Signals } from '../module.js';

/** A `T` for each value of `S`: itself, or by the same names. */
export type Per<S extends Signals, T> = S extends Value ? T : { readonly [K in keyof S]: T };

/** A scalar of a network's output and the target that goes with it, such as a mean over the batch. */
export type LossFunction<Out extends Signals = Value, Target extends Signals = Value> = (
  output: Out,
  target: Target,
) => Value;

/** A loss that knows the type of its target. */
export interface Loss<Out extends Signals = Value, Target extends Signals = Value> {
  /** Shape and dtype of the target for an output. */
  target(output: Per<Out, TensorType>): Per<Target, TensorType>;
  readonly compute: LossFunction<Out, Target>;
}

/** A loss of floats: the target has the output's shape. */
export function likeOutput(compute: LossFunction): Loss {
  return { target: ({ shape }) => ({ shape, dtype: 'float32' }), compute };
}
