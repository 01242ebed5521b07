/** The `segmentation` section of a configuration of that task. */
import { z } from 'zod';
import { dilation, flag, MAX_DILATION, minusOneOr, numberAbove, positiveInteger, section } from './fields.js';

const pixelsOr = minusOneOr(positiveInteger, 'a positive integer');
const sides = 'a list of two positive integers (height, width)';
const dilations = `a list of three integers from 1 to ${MAX_DILATION}`;
const byte = 'an integer from 0 to 255';

export const segmentationSection = section({
  output_stride: positiveInteger().default(8),
  head_channels: positiveInteger().default(256),
  hidden_channels: positiveInteger().default(256),
  head_dilations: z.tuple([dilation(), dilation(), dilation()], dilations).default([12, 24, 36]),
  pooling_size: z.tuple([positiveInteger(), positiveInteger()], sides).default([84, 84]),
  ignore_index: z.int(byte).min(0, byte).max(255, byte).default(255),
  size: pixelsOr.default(-1),
  scale_min: numberAbove(0).default(0.5),
  scale_max: numberAbove(0).default(2),
  flip: flag().default(true),
  max_side_val: pixelsOr.default(-1),
  images: text().default('images'),
  labels: text().default('labels'),
  image_suffix: text().default(''),
  label_suffix: text().default(''),
});

/**
 * Network: `output_stride` pixels of the image to one position of the logits, where `network.dilation` does
 * not say otherwise; the head's channels, its dilations and, in evaluation, the window that it averages
 * context over.
 *
 * Data: `size` the shorter side is brought to first (−1: as it is), times a factor from `scale_min` to
 * `scale_max` in training; `max_side_val` shrinks what is longer in validation (−1: nothing). Pixels of class
 * `ignore_index`, and of 255, which also fills up images smaller than the crop, do not count. The rest names
 * folders and files.
 */
export type SegmentationConfig = z.output<typeof segmentationSection>;

function text() {
  return z.string('a text');
}
