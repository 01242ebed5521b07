import { gradients, UsageError, type Value } from '@inplace-abn/core';
import { parametersIn } from '@inplace-abn/nn';
import { clipByGlobalNorm } from './clip.js';
import { applyUpdates, type Optimizer, type ParameterUpdate } from './optimizer.js';

/** Options of {@link updateParameters}. */
export interface UpdateOptions {
  /** Rule and state slots of the updates. */
  readonly optimizer: Optimizer;
  /** float32 scalar that counts updates from 1. */
  readonly step: Value;
  /** Maximum global norm of the gradients; 0: no clipping. Default 0. */
  readonly clip?: number;
  /**
   * Whether a parameter is trained; others get neither gradient nor state. Default: all parameters are
   * trained.
   */
  trains?(parameter: string): boolean;
  /** Learning rate of a parameter, float32[]. */
  rateOf(parameter: string): Value;
  /** Weight decay of a parameter. If missing or undefined, the optimizer's applies. */
  decayOf?(parameter: string): number | undefined;
  /**
   * float32 scalar that scales the loss in the backward pass, such as this process's fraction of a batch.
   * Default 1.
   */
  readonly share?: Value;
  /**
   * Sums gradients, by parameter, over processes or parts of a batch; returns the sums in the same order.
   * Default: the gradients of the loss, unchanged.
   */
  sum?(gradients: ReadonlyMap<string, Value>): readonly Value[];
  /** Whether to compute the global norm of the gradients even if nothing is clipped. Default false. */
  readonly norm?: boolean;
}

/** Results of {@link updateParameters} besides the new parameters. */
export interface Updates {
  /** float32 scalar: the global norm of the gradients before clipping; null if nothing needs it. */
  readonly norm: Value<'float32'> | null;
}

/**
 * Traces the backward pass of `loss` and the update of every parameter in its trace that `trains` selects.
 *
 * @throws UsageError if the loss does not depend on a parameter, naming it, or if there is no parameter to
 * train; code ERR_OPTION_VALUE, for a clip below 0
 */
export function updateParameters(loss: Value, options: UpdateOptions): Updates {
  const { optimizer, step, clip = 0, rateOf, decayOf } = options;
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
  const clips = clip !== 0;
  const limit = () => tracer.within('clip', () => clipByGlobalNorm(sums, clips ? clip : 1));
  const measured = clips || options.norm ? tracer.during('update', null, limit) : null;
  applyUpdates(optimizer, updates, { clip: clips ? (measured?.scale ?? null) : null, step });
  return { norm: measured?.norm ?? null };
}

/**
 * Traces the backward pass: the gradients of all parameters in the trace of `loss` that `trains` selects.
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
