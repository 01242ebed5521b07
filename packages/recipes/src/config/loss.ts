/** The `loss` section of a configuration. */
import { z } from 'zod';
import { flag, minusOneOr, numberAbove, numberFrom, oneOf, section, shareFromZero } from './fields.js';

const weights = '"balanced", or a list of numbers of at least 0, one for each class';

const positive = '"balanced", or a list of numbers above 0, one for each class';

const common = {
  /** Share of the target that is spread evenly over all classes, from 0 to 1. Default 0. */
  label_smoothing: shareFromZero().default(0),
  /**
   * A factor for each class, at least 0. `balanced`: images / (classes · images of the class), from the
   * training images, or pixels from the label maps of a segmentation. Empty, the default: none.
   */
  class_weights: z
    .union([z.literal('balanced', weights), z.array(numberFrom(0, weights), weights)], weights)
    .default([]),
  /**
   * With `multi-label`, a factor above 0 for each class on the terms of images that have it (PyTorch's
   * `pos_weight`). `balanced`: images without the class / images with it. Empty, the default: none.
   */
  positive_weights: z
    .union([z.literal('balanced', positive), z.array(numberAbove(0, positive), positive)], positive)
    .default([]),
  /**
   * With `bce`, a threshold from 0 to 1: targets above it count as 1, the others as 0 (timm's
   * `bce-target-thresh`). −1, the default: unchanged targets.
   */
  bce_threshold: minusOneOr(shareFromZero, 'a number from 0 to 1').default(-1),
  /**
   * With `focal`, weight of a label's class, from 0 to 1; the other classes weigh 1 − α. −1: no weights.
   * Default 0.25.
   */
  focal_alpha: minusOneOr(shareFromZero, 'a number from 0 to 1').default(0.25),
  /** With `focal`, exponent of the factor (1 − p)^γ on easy targets, at least 0. Default 2. */
  focal_gamma: numberFrom(0).default(2),
  /**
   * Factor on the soft Dice loss over all classes, which is added to the loss of a segmentation. Default 0.
   */
  dice: numberFrom(0).default(0),
  /**
   * Factor on the Lovász-softmax loss (Berman et al. 2018), which is added to the loss of a segmentation.
   * Default 0.
   */
  lovasz: numberFrom(0).default(0),
  /** Classes whose Lovász losses are averaged: those that occur (`present`), or `all`. Default `present`. */
  lovasz_classes: oneOf(['present', 'all']).default('present'),
  /** Whether the Lovász loss is the mean of each image's instead of that of the batch. Default false. */
  lovasz_per_image: flag().default(false),
};

export const lossSection = section({
  /**
   * `cross_entropy`; `bce`, the mean binary cross entropy over all classes, as timm's `bce-loss`; or `focal`,
   * as torchvision's `sigmoid_focal_loss`, also a mean over all classes. Default `cross_entropy`.
   */
  type: oneOf(['cross_entropy', 'bce', 'focal']).default('cross_entropy'),
  ...common,
});

/** The loss of images with any number of labels: a sigmoid per class. */
export const multiLabelLossSection = section({
  /** `bce`, the default, or `focal`. */
  type: oneOf(['bce', 'focal']).default('bce'),
  ...common,
});

/**
 * The loss of training; for a segmentation a mean over the pixels that count. Validation takes the plain
 * cross entropy of the labels, as timm does, or the binary one with `multi-label`.
 */
export type LossConfig = z.output<typeof lossSection>;
