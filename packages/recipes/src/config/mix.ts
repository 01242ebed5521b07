/** The `mix` section of a configuration. */
import type { z } from 'zod';
import { numberFrom, section, shareFromZero } from './fields.js';

export const mixSection = section({
  mixup: numberFrom(0).default(0),
  cutmix: numberFrom(0).default(0),
  probability: shareFromZero().default(1),
  switch_probability: shareFromZero().default(0.5),
});

/**
 * Mixed training images, in timm's terms (`mixup`, `cutmix`, `mixup-prob`, `mixup-switch-prob`): `mixup` and
 * `cutmix` are α of the Beta(α, α) distribution of λ, 0 for none; a batch is mixed with `probability`, and
 * where both are on it is cutmix with `switch_probability`.
 */
export type MixConfig = z.output<typeof mixSection>;
