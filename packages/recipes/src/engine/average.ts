/** The average of the weights of a configuration. */
import type { AverageOptions } from '@inplace-abn/optim';
import type { EmaConfig } from '../config/ema.js';

/** Its options; undefined where there is none. */
export function averageOf({
  decay,
  every,
  warmup,
  warmup_gamma: gamma,
  warmup_power: power,
}: EmaConfig): AverageOptions | undefined {
  return decay > 0 ? { decay, every, warmUp: warmup && { gamma, power } } : undefined;
}
