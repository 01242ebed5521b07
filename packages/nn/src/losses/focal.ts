import { add, checkOptionNames, exp, mean, mul, sub } from '@inplace-abn/core';
import { softplus } from './bce.js';
import { type Loss, likeOutput } from './loss.js';

/** Options of {@link focal}. */
export interface FocalOptions {
  /** Weight of positive targets; negative ones have 1 − alpha. Null: no weights. Default 0.25. */
  readonly alpha?: number | null;
  /** Focusing exponent: reduces the weight of well-classified terms. 0: binary cross entropy. Default 2. */
  readonly gamma?: number;
}

/**
 * Focal loss (Lin et al. 2017; torchvision.ops.sigmoid_focal_loss with reduction 'mean'), where p is the predicted
 * probability of the target:
 *
 *     α_t · (1 − p)^γ · (−log p)
 *
 * Output [N,K,…]: logits. Target: float32 of the same shape, 0 or 1.
 */
export function focal(options: FocalOptions = {}): Loss {
  checkOptionNames('focal', options, ['alpha', 'gamma']);
  const { alpha = 0.25, gamma = 2 } = options;
  return likeOutput((x, t) => {
    // With s = ±1 for positive and negative targets: −log p = softplus(−s·x), log(1 − p) = −softplus(s·x).
    const signed = mul(x, sub(mul(t, 2), 1));
    const loss = mul(softplus(mul(signed, -1)), exp(mul(softplus(signed), -gamma)));
    if (alpha === null) return mean(loss);
    return mean(mul(loss, add(mul(t, 2 * alpha - 1), 1 - alpha)));
  });
}
