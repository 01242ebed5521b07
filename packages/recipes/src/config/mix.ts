/** The `mix` section of a configuration. */
import type { z } from 'zod';
import { numberFrom, section, shareFromZero } from './fields.js';

export const mixSection = section({
  /** α of the Beta(α, α) distribution that mixup draws λ from. 0, the default: no mixup. */
  mixup: numberFrom(0).default(0),
  /** α of the Beta(α, α) distribution that cutmix draws λ from. 0, the default: no cutmix. */
  cutmix: numberFrom(0).default(0),
  /** Probability that a batch is mixed, from 0 to 1. Default 1. */
  probability: shareFromZero().default(1),
  /** Probability of cutmix in a mixed batch if both are on, from 0 to 1. Default 0.5. */
  switch_probability: shareFromZero().default(0.5),
});

/**
 * Mixed training images, with timm's meaning of `mixup`, `cutmix`, `mixup-prob` and `mixup-switch-prob`: one
 * pair of draws for each batch.
 */
export type MixConfig = z.output<typeof mixSection>;
