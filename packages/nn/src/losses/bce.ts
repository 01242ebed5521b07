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
  relu,
  sign,
  sub,
  type Value,
} from '@inplace-abn/core';
import { smoothed } from './cross-entropy.js';
import { type Loss, likeOutput } from './loss.js';

/** Options of {@link bceWithLogits}. */
export interface BceOptions {
  /** Factor on the terms of positive targets, one for all or one per channel (PyTorch's pos_weight). */
  readonly positiveWeight?: number | readonly number[];
  /** Factor on the terms of each channel (PyTorch's weight). The mean is not weighted. */
  readonly classWeights?: readonly number[];
  /** Fraction of the target spread evenly over all channels, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
  /**
   * Targets above it, after smoothing, become 1 and the others 0 (timm's `bce-target-thresh`). Default: no
   * threshold.
   */
  readonly targetThreshold?: number;
}

/**
 * The unreduced {@link bceWithLogits} (PyTorch's reduction 'none'), to average over some elements only: one
 * term per element of an output [N,K,…] and a target of the same shape.
 *
 * @throws UsageError for an unknown option, or one out of range
 */
export function bceTerms(options: BceOptions = {}): (output: Value, target: Value) => Value {
  checkOptionNames('bceWithLogits', options, [
    'positiveWeight',
    'classWeights',
    'labelSmoothing',
    'targetThreshold',
  ]);
  const { positiveWeight = 1, classWeights, labelSmoothing = 0, targetThreshold } = options;
  checkNumbers('bceWithLogits', 'a number from 0 to 1', { labelSmoothing, targetThreshold });
  return (x, target) => {
    const t = thresholded(smoothed(target, labelSmoothing), targetThreshold);
    const weighted = (terms: Value) => (classWeights ? mul(terms, literal(x.tracer, classWeights)) : terms);
    if (positiveWeight === 1) return weighted(sub(softplus(x), mul(x, t)));
    const above =
      typeof positiveWeight === 'number'
        ? positiveWeight - 1
        : literal(
            x.tracer,
            positiveWeight.map((weight) => weight - 1),
          );
    const share = add(mul(t, above), 1);
    return weighted(add(mul(sub(1, t), x), mul(share, softplus(neg(x)))));
  };
}

/**
 * torch.nn.BCEWithLogitsLoss: the mean over all elements of
 *
 *     (1 − t)·x + (1 + (p − 1)·t)·log(1 + exp(−x))
 *
 * with positive weight p, times the channel's weight. Output [N,K,…]: logits. Target: float32 of the same
 * shape, from 0 to 1. Targets are smoothed first, then compared with the threshold, as in timm's
 * BinaryCrossEntropy.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for a smoothing
 * or threshold outside [0, 1]
 */
export function bceWithLogits(options: BceOptions = {}): Loss {
  const terms = bceTerms(options);
  return likeOutput((x, t) => mean(terms(x, t)));
}

/** 1 for targets above the threshold, 0 for the others. */
function thresholded(target: Value, threshold: number | undefined): Value {
  return threshold === undefined ? target : relu(sign(sub(target, threshold)));
}

/** log(1 + exp(x)), without overflow and with a smooth gradient. */
export function softplus(x: Value): Value {
  // log(exp(x − m) + exp(−m)) + m with m = max(x, 0): both exponents are at most 0, and one of them is 0.
  const m = relu(x);
  return add(log(add(exp(sub(x, m)), exp(neg(m)))), m);
}
