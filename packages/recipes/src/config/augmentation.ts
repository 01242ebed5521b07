/** The `augmentation` section of a configuration. */
import { z } from 'zod';
import { flag, oneOf, positiveInteger, section, shareFromZero } from './fields.js';

const MOST = 30;
const magnitude = `an integer from 0 to ${MOST}`;

export const augmentationSection = section({
  rand_augment: flag().default(false),
  rand_augment_ops: positiveInteger().default(2),
  rand_augment_magnitude: z.int(magnitude).min(0, magnitude).max(MOST, magnitude).default(9),
  trivial_augment: flag().default(false),
  interpolation: oneOf(['bilinear', 'nearest']).default('bilinear'),
  random_erasing: shareFromZero().default(0),
  random_erasing_mode: oneOf(['const', 'rand', 'pixel']).default('const'),
});

/**
 * Operations on training images after crop and flip, as in torchvision: RandAugment (`num_ops`, `magnitude`
 * of 31) or TrivialAugmentWide.
 *
 * - `interpolation`: of shears and rotations; `bilinear` is that of torchvision's training script
 * - `random_erasing`: probability that a box of an image is erased; `random_erasing_mode`: with timm's
 *   `const` (0 after normalization), `rand` (a color) or `pixel` (noise)
 */
export type AugmentationConfig = z.output<typeof augmentationSection>;
