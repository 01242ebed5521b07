/** Depthwise convolutions that read the images in place, in the vectors of each instruction set. */
import { describe } from 'vitest';
import { convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

const DEPTHWISE = [
  // Blocks that end with the last channel, and rows that end within a tile.
  convolution([2, 32, 5, 11], [32, 1, 3, 3], 1, 1, 1, 32),
  convolution([1, 70, 6, 9], [70, 1, 3, 3], 2, 1, 1, 70),
  convolution([2, 45, 7, 7], [45, 1, 5, 5], 1, 2, 1, 45),
  convolution([1, 64, 9, 8], [64, 1, 5, 5], 2, 2, 1, 64),
  // Windows wider than the image, with taps that meet no pixel; other strides, paddings and dilations, by
  // rows.
  convolution([1, 33, 2, 3], [33, 1, 7, 7], 1, 3, 1, 33),
  convolution([1, 40, 9, 6], [40, 1, 3, 2], [3, 1], [0, 1], [2, 1], 40),
  convolution([1, 32, 6, 5], [32, 1, 1, 1], 2, 0, 1, 32),
  convolution([1, 32, 3, 4], [32, 1, 2, 3], 2, [1, 3], 1, 32),
];

const { conv2d, conv2d_backward_data, conv2d_backward_weights } = convolutionCases(DEPTHWISE);

describe('depthwise', () => {
  describeInVectors(
    { kernel: 'depthwise', dtypes: ['float32', 'bfloat16'], tolerance: 1e-5 },
    { conv2d, conv2d_backward_data, conv2d_backward_weights },
  );
});
