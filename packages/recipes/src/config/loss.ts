/** The `loss` section of a configuration. */
import { z } from 'zod';
import { flag, minusOneOr, numberAbove, numberFrom, oneOf, section, shareFromZero } from './fields.js';

const weights = '"balanced", or a list of numbers of at least 0, one for each class';

const positive = '"balanced", or a list of numbers above 0, one for each class';

const common = {
  label_smoothing: shareFromZero().default(0),
  class_weights: z
    .union([z.literal('balanced', weights), z.array(numberFrom(0, weights), weights)], weights)
    .default([]),
  positive_weights: z
    .union([z.literal('balanced', positive), z.array(numberAbove(0, positive), positive)], positive)
    .default([]),
  bce_threshold: minusOneOr(shareFromZero, 'a number from 0 to 1').default(-1),
  focal_alpha: minusOneOr(shareFromZero, 'a number from 0 to 1').default(0.25),
  focal_gamma: numberFrom(0).default(2),
  dice: numberFrom(0).default(0),
  lovasz: numberFrom(0).default(0),
  lovasz_classes: oneOf(['present', 'all']).default('present'),
  lovasz_per_image: flag().default(false),
};

export const lossSection = section({
  type: oneOf(['cross_entropy', 'bce', 'focal']).default('cross_entropy'),
  ...common,
});

/** That of images with any number of labels, whose classes do not exclude each other. */
export const multiLabelLossSection = section({ type: oneOf(['bce', 'focal']).default('bce'), ...common });

/**
 * The loss of training; validation takes the plain cross entropy of the labels, as timm does; of a
 * `multi-label` task the binary one.
 *
 * - `type`: `cross_entropy`; `bce`, the mean binary cross entropy over all classes, as timm's `bce-loss`;
 *   `focal`, as torchvision's `sigmoid_focal_loss`, also a mean over all classes. Of a segmentation both are
 *   means over the pixels that count, too; `multi-label` lacks the first.
 * - `label_smoothing`: share of the target that is spread evenly over all classes
 * - `class_weights`: a factor for each class, none where the list is empty; `balanced`: images / (classes ·
 *   images of the class), from the training images, or for a segmentation pixels from its training label maps
 * - `positive_weights`: of a `multi-label` task, a factor for each class on the terms of images that have it
 *   (PyTorch's `pos_weight`); `balanced`: images without it / images with it
 * - `bce_threshold`: targets above it count as 1 and the others as 0 (timm's `bce-target-thresh`); −1: as
 *   they are
 * - `focal_alpha`: weight of the label's class, of the others 1 − it; −1: none; `focal_gamma`: the exponent
 * - `dice`: factor on the soft Dice loss over all classes, which is added to the loss of a segmentation
 * - `lovasz`: factor on the Lovász-softmax loss, which is added too; `lovasz_classes`: over the classes that
 *   occur (`present`) or `all`; `lovasz_per_image`: the mean of each image's, in place of that of the batch
 */
export type LossConfig = z.output<typeof lossSection>;
