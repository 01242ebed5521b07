/** The `ema` section of a configuration. */
import type { z } from 'zod';
import { flag, numberAbove, numberFromBelow, positiveInteger, section } from './fields.js';

export const emaSection = section({
  /** Decay of the average at each update, from 0 to below 1. Default 0: no averaging. */
  decay: numberFromBelow(0, 1).default(0),
  /**
   * Optimizer updates from one update of the average to the next (torchvision's `model-ema-steps`). Default
   * 1.
   */
  every: positiveInteger().default(1),
  /**
   * Lowers the decay at the beginning, as timm's `model-ema-warmup`: for update n of the average to at most 1
   * − (1 + n / warmup_gamma)^−warmup_power. n counts from 0, so the first one copies the weights. Default
   * false.
   */
  warmup: flag().default(false),
  /** Updates over which the warm-up stretches, above 0. Default 1. */
  warmup_gamma: numberAbove(0).default(1),
  /** Exponent of the warm-up, above 0; a larger one ends it sooner. Default 2/3. */
  warmup_power: numberAbove(0).default(2 / 3),
});

/**
 * An exponential moving average of parameters and running statistics, made in the training step. It is
 * validated and saved next to the weights, and decides which checkpoint is best.
 */
export type EmaConfig = z.output<typeof emaSection>;
