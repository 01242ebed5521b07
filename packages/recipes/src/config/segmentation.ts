/** The `segmentation` section of a configuration of that task. */
import { z } from 'zod';
import { dilation, flag, MAX_DILATION, minusOneOr, numberAbove, positiveInteger, section } from './fields.js';

const pixelsOr = minusOneOr(positiveInteger, 'a positive integer');
const sides = 'a list of two positive integers (height, width)';
const dilations = `a list of three integers from 1 to ${MAX_DILATION}`;
const byte = 'an integer from 0 to 255';

export const segmentationSection = section({
  /**
   * Pixels of the image per position of the logits, on each axis, unless `network.dilation` is given. Default
   * 8.
   */
  output_stride: positiveInteger().default(8),
  /** Channels of the head's output, which the classifier reads. Default 256. */
  head_channels: positiveInteger().default(256),
  /** Channels of each of the head's parallel convolutions. Default 256. */
  hidden_channels: positiveInteger().default(256),
  /**
   * Dilations of the head's 3×3 convolutions, each from 1 to 4096. The default, [12, 24, 36], suits an output
   * stride of 8 and large crops.
   */
  head_dilations: z.tuple([dilation(), dilation(), dilation()], dilations).default([12, 24, 36]),
  /**
   * Height and width of the window that the head averages context over in evaluation, in positions of its
   * input; training averages over the whole crop. Default [84, 84].
   */
  pooling_size: z.tuple([positiveInteger(), positiveInteger()], sides).default([84, 84]),
  /**
   * Class id of pixels that do not count, from 0 to 255. 255, the default, never counts: images smaller than
   * the crop are padded with it.
   */
  ignore_index: z.int(byte).min(0, byte).max(255, byte).default(255),
  /** Pixels that the shorter side is resized to first. −1, the default: not resized. */
  size: pixelsOr.default(-1),
  /** Least random factor on the size of a training image, above 0. Default 0.5. */
  scale_min: numberAbove(0).default(0.5),
  /** Greatest random factor on the size of a training image, at least `scale_min`. Default 2. */
  scale_max: numberAbove(0).default(2),
  /** Whether to mirror a training image with probability 0.5. Default true. */
  flip: flag().default(true),
  /**
   * Pixels that a validation image's longer side may have; a longer one is shrunk. −1, the default: no limit.
   */
  max_side_val: pixelsOr.default(-1),
  /** Folder of images in each data set. Default `images`. */
  images: text().default('images'),
  /** Folder of label maps in each data set. Default `labels`. */
  labels: text().default('labels'),
  /** End of an image's name before its extension, such as Cityscapes' `_leftImg8bit`. Default: empty. */
  image_suffix: text().default(''),
  /** End of a label map's name instead of `image_suffix`, such as `_gtFine_labelTrainIds`. Default: empty. */
  label_suffix: text().default(''),
});

/** The DeepLabV3 head of a segmentation network, how its images are scaled, and how its files are named. */
export type SegmentationConfig = z.output<typeof segmentationSection>;

function text() {
  return z.string('a text');
}
