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
  /** Whether a parameter is trained; others get no gradient and no state. Default: all are. */
  trains?(parameter: string): boolean;
  /** float32 scalar with the learning rate of a parameter. */
  rateOf(parameter: string): Value;
  /** Weight decay of a parameter; default, and where undefined: the optimizer's. */
  decayOf?(parameter: string): number | undefined;
  /** float32 scalar: factor on the loss in the backward pass, such as this process's share of a batch. Default 1. */
  readonly share?: Value;
  /** Sums the gradients, by parameter, over processes or parts of a batch; default: they are those of the loss. */
  sum?(gradients: ReadonlyMap<string, Value>): readonly Value[];
}

/**
 * The backward pass of `loss` and the update of every parameter that its trace has met and `trains`.
 *
 * @throws UsageError naming a parameter that the loss does not depend on, and where there is none to train
 */
export function updateParameters(loss: Value, options: UpdateOptions): void {
  const { optimizer, step, clip, rateOf, decayOf } = options;
  const { tracer } = loss;
  const own = trainedGradients(loss, options);
  const sums = options.sum?.(own) ?? [...own.values()];
  const met = parametersIn(loss);
  const updates = [...own].map(([name, gradient], index): ParameterUpdate => {
    const parameter = met.get(name) ?? gradient;
    return {
      name,
      parameter,
      gradient: sums[index] ?? gradient,
      learningRate: rateOf(name),
      weightDecay: decayOf?.(name),
    };
  });
  const scale = (maxNorm: number) => tracer.within('clip', () => clipByGlobalNorm(sums, maxNorm).scale);
  const factor = clip > 0 ? tracer.during('update', null, () => scale(clip)) : null;
  applyUpdates(optimizer, updates, { clip: factor, step });
}

/**
 * The backward pass: the gradient of each parameter that the trace of `loss` has met and `trains`.
 *
 * @throws UsageError as {@link updateParameters}
 */
export function trainedGradients(
  loss: Value,
  { trains = () => true, share }: Pick<UpdateOptions, 'trains' | 'share'>,
): Map<string, Value> {
  const parameters = [...parametersIn(loss)].filter(([name]) => trains(name));
  if (parameters.length === 0) {
    throw new UsageError('there is no parameter to train: the network has none, or all are frozen', {
      code: 'ERR_NOTHING_TO_TRAIN',
    });
  }
  const values = gradients(
    loss,
    parameters.map(([, value]) => value),
    share,
  );
  return new Map(
    parameters.map(([name], index) => {
      const gradient = values[index];
      if (gradient) return [name, gradient];
      throw new UsageError(
        `the loss does not depend on parameter ${name}: use its module in forward, leave it out, or freeze it`,
        { code: 'ERR_UNUSED_PARAMETER' },
      );
    }),
  );
}
