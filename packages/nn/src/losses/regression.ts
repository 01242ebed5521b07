import { abs, checkNumbers, checkOptionNames, mean, mul, relu, square, sub } from '@inplace-abn/core';
import { type Loss, likeOutput } from './loss.js';

/** torch.nn.MSELoss: the mean of (output − target)². Target float32 of the output's shape. */
export function mse(): Loss {
  return likeOutput((output, target) => mean(square(sub(output, target))));
}

/** torch.nn.L1Loss: the mean of |output − target|. Target float32 of the output's shape. */
export function l1(): Loss {
  return likeOutput((output, target) => mean(abs(sub(output, target))));
}

/** Options of {@link huber}. */
export interface HuberOptions {
  /** Distance at which the loss turns from quadratic to linear, above 0. Default 1. */
  readonly delta?: number;
}

/**
 * torch.nn.HuberLoss: with d = |output − target|, the mean of d²/2 for d ≤ δ and of δ·(d − δ/2) otherwise.
 * Target float32 of the output's shape.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for a delta that
 * is not above 0
 */
export function huber(options: HuberOptions = {}): Loss {
  checkOptionNames('huber', options, ['delta']);
  const { delta = 1 } = options;
  checkNumbers('huber', 'a number above 0', { delta });
  return likeOutput((output, target) => {
    const distance = abs(sub(output, target));
    const near = sub(distance, relu(sub(distance, delta))); // min(d, δ)
    return mean(mul(near, sub(distance, mul(near, 0.5))));
  });
}
