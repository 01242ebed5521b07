import {
  add,
  checkChoice,
  checkNumbers,
  checkOptionNames,
  div,
  mean,
  mul,
  sigmoid,
  softmax,
  sub,
  sum,
} from '@inplace-abn/core';
import { type Loss, likeOutput } from './loss.js';

/** Options of {@link dice}. */
export interface DiceOptions {
  /** 'sigmoid': channels are independent classes; 'softmax': one class per pixel. Default 'sigmoid'. */
  readonly probabilities?: 'sigmoid' | 'softmax';
  /** Added to numerator and denominator; an absent class not predicted has no loss. From 0, default 1. */
  readonly smooth?: number;
}

/**
 * Soft Dice loss (Milletari et al. 2016) over the batch: the mean over classes of
 *
 *     1 − (2·Σ p·t + s) / (Σ p + Σ t + s)
 *
 * Output [N,K,S…]: logits. Target: float32 of the same shape, 0 or 1.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for one out of
 * range
 */
export function dice(options: DiceOptions = {}): Loss {
  checkOptionNames('dice', options, ['probabilities', 'smooth']);
  const { probabilities = 'sigmoid', smooth = 1 } = options;
  checkChoice('dice', 'probabilities', ['sigmoid', 'softmax'], probabilities);
  checkNumbers('dice', 'a non-negative number', { smooth });
  return likeOutput((x, t) => {
    const p = probabilities === 'softmax' ? softmax(x) : sigmoid(x);
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const both = add(mul(sum(mul(p, t), axes), 2), smooth);
    const each = add(add(sum(p, axes), sum(t, axes)), smooth);
    return mean(sub(1, div(both, each)));
  });
}
