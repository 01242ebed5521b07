import { gradients, UsageError, type Value } from '@inplace-abn/core';
import { parametersIn } from '@inplace-abn/nn';
import { clipByGlobalNorm } from './clip.js';
import { applyUpdates, type Optimizer, type ParameterUpdate } from './optimizer.js';

export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** float32 scalar that counts updates from 1. */
  readonly step: Value;
  /** Largest global norm of the gradients; 0: no clipping. */
  readonly clip: number;
  /** float32 scalar with the learning rate of a parameter. */
  rateOf(parameter: string): Value;
  /** Sums the gradients over processes; default: they are those of this one. */
  sum?(gradients: readonly Value[]): readonly Value[];
}

/**
 * The backward pass of `loss` and the update of every parameter that its trace has met.
 *
 * @throws UsageError naming a parameter that the loss does not depend on
 */
export function updateParameters(loss: Value, options: UpdateOptions): void {
  const { optimizer, step, clip, rateOf, sum = (own) => own } = options;
  const { tracer } = loss;
  const parameters = parametersIn(loss);
  const own = gradients(loss, [...parameters.values()]).map((gradient, index) => {
    if (gradient) return gradient;
    throw new UsageError(`the loss does not depend on parameter ${[...parameters.keys()][index]}`);
  });
  const sums = sum(own);
  const updates = [...parameters].map(([name, parameter], index): ParameterUpdate => {
    return { name, parameter, gradient: sums[index] ?? parameter, learningRate: rateOf(name) };
  });
  const scale = (maxNorm: number) => tracer.within('clip', () => clipByGlobalNorm(sums, maxNorm).scale);
  const factor = clip > 0 ? tracer.during('update', null, () => scale(clip)) : null;
  applyUpdates(optimizer, updates, { clip: factor, step });
}
