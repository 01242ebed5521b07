/** The `augmentation` section of a configuration. */
import { z } from 'zod';
import { flag, oneOf, positiveInteger, section, shareFromZero } from './fields.js';

const MOST = 30;
const magnitude = `an integer from 0 to ${MOST}`;

export const augmentationSection = section({
  /** Whether to apply torchvision's RandAugment. Excludes `trivial_augment`. Default false. */
  rand_augment: flag().default(false),
  /** Operations of RandAugment on each image (`num_ops`). Default 2. */
  rand_augment_ops: positiveInteger().default(2),
  /** Magnitude of RandAugment's operations, from 0 to 30 (`magnitude` of 31 bins). Default 9. */
  rand_augment_magnitude: z.int(magnitude).min(0, magnitude).max(MOST, magnitude).default(9),
  /** Whether to apply torchvision's TrivialAugmentWide, one operation on each image. Default false. */
  trivial_augment: flag().default(false),
  /**
   * Interpolation of shears and rotations. `bilinear`, the default, is that of torchvision's training script;
   * its classes default to `nearest`.
   */
  interpolation: oneOf(['bilinear', 'nearest']).default('bilinear'),
  /** Probability that a box of an image is erased, from 0 to 1, as torchvision's RandomErasing. Default 0. */
  random_erasing: shareFromZero().default(0),
  /**
   * Content of that box, as timm's `remode`: 0 after normalization (`const`), one random color (`rand`) or
   * noise (`pixel`). Default `const`.
   */
  random_erasing_mode: oneOf(['const', 'rand', 'pixel']).default('const'),
});

/** Operations on training images after crop and flip. They compute the same pixels as torchvision's. */
export type AugmentationConfig = z.output<typeof augmentationSection>;
