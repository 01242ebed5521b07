/** The `ema` section of a configuration. */
import type { z } from 'zod';
import { flag, numberAbove, numberFromBelow, positiveInteger, section } from './fields.js';

export const emaSection = section({
  decay: numberFromBelow(0, 1).default(0),
  every: positiveInteger().default(1),
  warmup: flag().default(false),
  warmup_gamma: numberAbove(0).default(1),
  warmup_power: numberAbove(0).default(2 / 3),
});

/**
 * An exponential moving average of parameters and running statistics, made in the training step. It is
 * validated and saved next to the weights, and decides which checkpoint is best.
 *
 * - `decay`: share of the average that an update keeps; 0: there is no average
 * - `every`: optimizer updates between updates of the average (torchvision's `model-ema-steps`)
 * - `warmup`: the decay of update n of the average is at most 1 − (1 + n / warmup_gamma)^−warmup_power, as of
 *   timm's `model-ema-warmup`; n counts from 0, so the first one copies the weights
 */
export type EmaConfig = z.output<typeof emaSection>;
