import {
  add,
  checkNumbers,
  checkOptionNames,
  exp,
  literal,
  log,
  mean,
  mul,
  neg,
  sigmoid,
  sub,
  type Value,
} from '@inplace-abn/core';
import { softplus } from './bce.js';
import { smoothed } from './cross-entropy.js';
import { type Loss, likeOutput } from './loss.js';

/** Options of {@link focal}. */
export interface FocalOptions {
  /** Weight of positive targets, in [0, 1]; negative ones have 1 − alpha. Null: no weights. Default 0.25. */
  readonly alpha?: number | null;
  /** Focusing exponent, from 0 (binary cross entropy): well-classified terms weigh less. Default 2. */
  readonly gamma?: number;
  /** Factor on the terms of each channel. The mean is not weighted. */
  readonly classWeights?: readonly number[];
  /** Fraction of the target spread evenly over all channels, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/** Added to 1 − p_t, so that its logarithm is finite where p_t is 1. */
const LEAST = 1e-20;

/**
 * The unreduced {@link focal} loss (PyTorch's reduction 'none'), to average over some elements only: one term
 * per element of an output [N,K,…] and a target of the same shape.
 *
 * @throws UsageError for an unknown option, or one out of range
 */
export function focalTerms(options: FocalOptions = {}): (output: Value, target: Value) => Value {
  checkOptionNames('focal', options, ['alpha', 'gamma', 'classWeights', 'labelSmoothing']);
  const { alpha = 0.25, gamma = 2, classWeights, labelSmoothing = 0 } = options;
  checkNumbers('focal', 'a number from 0 to 1', { alpha: alpha ?? undefined, labelSmoothing });
  checkNumbers('focal', 'a non-negative number', { gamma });
  return (x, target) => {
    const t = smoothed(target, labelSmoothing);
    const entropy = sub(softplus(x), mul(x, t));
    const missed = add(mul(t, sigmoid(neg(x))), mul(sub(1, t), sigmoid(x)));
    const terms = mul(entropy, exp(mul(log(add(missed, LEAST)), gamma)));
    const loss = classWeights ? mul(terms, literal(x.tracer, classWeights)) : terms;
    if (alpha === null) return loss;
    return mul(loss, add(mul(t, 2 * alpha - 1), 1 - alpha));
  };
}

/**
 * Focal loss (Lin et al. 2017; torchvision.ops.sigmoid_focal_loss with reduction 'mean'): with p =
 * sigmoid(output) and p_t = p·t + (1 − p)·(1 − t), the mean over all elements of
 *
 *     α_t · (1 − p_t)^γ · binary cross entropy,   α_t = α·t + (1 − α)·(1 − t)
 *
 * Output [N,K,…]: logits. Target: float32 of the same shape, from 0 to 1.
 *
 * @throws UsageError for an unknown option, or one out of range
 */
export function focal(options: FocalOptions = {}): Loss {
  const terms = focalTerms(options);
  return likeOutput((x, t) => mean(terms(x, t)));
}
