/** The configured moving average of the weights. */
import type { AverageOptions } from '@inplace-abn/optim';
import type { EmaConfig } from '../config/ema.js';

/** Options of the average; undefined if it is off. */
export function averageOf({
  decay,
  every,
  warmup,
  warmup_gamma: gamma,
  warmup_power: power,
}: EmaConfig): AverageOptions | undefined {
  return decay > 0 ? { decay, every, warmUp: warmup && { gamma, power } } : undefined;
}
