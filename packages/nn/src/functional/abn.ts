/** Activated batch norm in functional form, for layers and for code that holds its own parameters. */
import {
  type AbnScale,
  type Activation,
  abnApply,
  abnRunning,
  abnStats,
  rows,
  ShapeError,
  UsageError,
  type Value,
} from '@inplace-abn/core';

export const DEFAULTS = {
  eps: 1e-5,
  momentum: 0.1,
  activation: 'leaky_relu',
  activationParam: 0.01,
} as const;

/** Running statistics. Training updates them, so they must be states; evaluation takes any values. */
export interface RunningStatistics {
  /** float32[C]. */
  readonly mean: Value;
  /** float32[C], the unbiased variance, as in torch.nn.BatchNorm2d. */
  readonly variance: Value;
  /** int64[], the number of batches so far. */
  readonly batches: Value;
}

/** γ and β, float32[C]. */
export interface Affine {
  readonly weight: Value;
  readonly bias: Value;
}

/** Options of {@link inplaceAbn}. */
export interface AbnFunctionOptions {
  /**
   * True: normalizes with batch statistics and updates the running ones. False: normalizes with the running
   * statistics, or with batch statistics if there are none. Default true.
   */
  readonly training?: boolean;
  /** Weight of a new batch in the running statistics; null: cumulative average. Default 0.1. */
  readonly momentum?: number | null;
  /** Added to the variance and to |γ|. Default 1e-5. */
  readonly eps?: number;
  /** Applied after the normalization: `leaky_relu`, `elu` or `identity`. Default `leaky_relu`. */
  readonly activation?: Activation;
  /** Slope of leaky_relu or α of elu. Default 0.01. */
  readonly activationParam?: number;
}

/** Mean and biased variance of a batch, float32[C], and the number of samples behind them. */
export interface BatchStatistics {
  readonly mean: Value;
  readonly variance: Value;
  /** Samples per channel: a number, or a float32 scalar if other processes contribute. */
  readonly count: number | Value;
  /** Name of the process group that the statistics cover; undefined: this process alone. */
  readonly group?: string;
}

/** Everything that follows the statistics: how to scale, and how to activate. */
export interface AbnForm {
  /** 'plain': the scale is γ; 'abs', as in the in-place layer: |γ| + ε. */
  readonly scale: AbnScale;
  readonly eps: number;
  readonly activation: Activation;
  readonly activationParam: number;
}

/** Normalizes x, N×C×…, with batch or fixed statistics, then scales, shifts and activates. */
export function normalize(
  x: Value,
  statistics: BatchStatistics | Pick<RunningStatistics, 'mean' | 'variance'>,
  affine: Affine | null,
  { scale, eps, activation, activationParam: slope }: AbnForm,
): Value {
  const { mean, variance } = statistics;
  if (!('count' in statistics)) {
    return abnApply(x, { mean, variance }, affine, { eps, scale, activation, slope, statistics: 'fixed' });
  }
  const { count, group } = statistics;
  return abnApply(x, { mean, variance, count: typeof count === 'number' ? undefined : count }, affine, {
    eps,
    scale,
    activation,
    slope,
    statistics: 'batch',
    ...(group === undefined ? {} : { group }),
  });
}

/** Updates the running statistics with a batch at the end of the step. */
export function track(
  { tracer }: Value,
  running: RunningStatistics,
  batch: BatchStatistics,
  momentum: number | null,
): void {
  tracer.during('update', null, () => {
    const next = abnRunning(running, batch, { momentum, count: batch.count });
    tracer.assign(running.mean, next.mean);
    tracer.assign(running.variance, next.variance);
    tracer.assign(running.batches, next.batches);
  });
}

/** Statistics of `x`, N×C×…, in this process. @throws ShapeError for one sample per channel: no variance */
export function ownStatistics(x: Value, name: string): BatchStatistics {
  const count = rows(x.shape);
  if (count === 1) {
    throw new ShapeError(
      `${x.tracer.path || name}: one sample per channel (${x}) has no variance to normalize by: use a larger batch or image`,
    );
  }
  return { ...abnStats(x), count };
}

/** @throws UsageError for relu, or a parameter ≤ 0, which the backward pass cannot invert */
export function checkInvertible(
  { activation, activationParam }: { readonly activation: Activation; readonly activationParam: number },
  name: string,
): void {
  if (activation === 'relu') {
    throw new UsageError(
      `${name} cannot use relu: it has no inverse, so the input cannot be rebuilt. Use leaky_relu, elu or identity, or the layer ABN`,
    );
  }
  const parameter = PARAMETERS[activation];
  if (parameter && !(activationParam > 0)) {
    throw new UsageError(
      `${name} needs a positive ${parameter} to be invertible but received ${activationParam}`,
    );
  }
}

/** Meaning of `activationParam` by activation. */
const PARAMETERS: Partial<Record<Activation, string>> = { leaky_relu: 'leaky_relu slope', elu: 'elu α' };

/** Body of {@link inplaceAbn} and of its synchronized form; `statistics` computes the batch statistics. */
export function applyInPlace(
  name: string,
  x: Value,
  [weight, bias]: readonly [Value | null, Value | null],
  running: RunningStatistics | null,
  options: AbnFunctionOptions,
  statistics: (x: Value) => BatchStatistics,
): Value {
  const { training = true, momentum = DEFAULTS.momentum, eps = DEFAULTS.eps } = options;
  const { activation = DEFAULTS.activation, activationParam = DEFAULTS.activationParam } = options;
  if (x.shape.length < 2) throw new ShapeError(`${x.tracer.path || name}: expected N×C×… but received ${x}`);
  if ((weight === null) !== (bias === null)) {
    throw new UsageError(`${name}: expected a weight and a bias, or neither`);
  }
  checkInvertible({ activation, activationParam }, name);
  const affine = weight && bias ? { weight, bias } : null;
  const form: AbnForm = { scale: 'abs', eps, activation, activationParam };
  if (!training && running) return normalize(x, running, affine, form);
  const batch = statistics(x);
  if (training && running) track(x, running, batch, momentum);
  return normalize(x, batch, affine, form);
}

/**
 * In-place activated batch norm of x, N×C×S1×…: φ((|γ| + ε)·x̂ + β), with x̂ normalized by batch statistics,
 * or by `running` if `training` is false. `weight` is γ and `bias` β, float32[C], both or neither. Training
 * updates the three states in `running`. The compiler decides whether the output overwrites x.
 *
 * @throws UsageError for an activation that cannot be inverted, and for a weight without a bias or a bias
 * without a weight; ShapeError for a rank below 2, and for one sample per channel
 */
export function inplaceAbn(
  x: Value,
  weight: Value | null,
  bias: Value | null,
  running: RunningStatistics | null,
  options: AbnFunctionOptions = {},
): Value {
  const own = (input: Value) => ownStatistics(input, 'inplaceAbn');
  return applyInPlace('inplaceAbn', x, [weight, bias], running, options, own);
}
