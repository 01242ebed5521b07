/** Convolutions as products of gathered rows, which serve addons without oneDNN. */
import { describe } from 'vitest';
import { convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

const CASES = [
  convolution([1, 16, 1, 1], [16, 16, 1, 1]),
  // Channels that fill no vectors, on either side; rows that are read in place.
  convolution([2, 5, 7, 6], [19, 5, 1, 1]),
  // A first layer; strides with phases that have no taps, or different ones on each axis.
  convolution([1, 3, 23, 20], [18, 3, 7, 7], 2, 3),
  convolution([2, 12, 9, 8], [20, 12, 1, 1], 2),
  convolution([1, 8, 11, 13], [16, 8, 3, 2], [3, 2], [1, 0]),
  convolution([1, 8, 12, 14], [10, 8, 3, 3], 1, [2, 4], [2, 4]),
  // Padding beyond the window.
  convolution([1, 4, 3, 2], [6, 4, 2, 2], 1, 3),
];

/** An emulated CPU is too slow for these. */
const LARGE = [
  // Rows too far apart to be read in place.
  convolution([1, 1024, 3, 5], [40, 1024, 1, 1]),
  // Several blocks of pixels, sums in several stretches.
  convolution([2, 33, 15, 17], [48, 33, 3, 3], 1, 1),
];

const GEMM = { kernel: 'gemm', dtypes: ['float32', 'bfloat16'], tolerance: 1e-5 } as const;

describeInVectors(GEMM, convolutionCases(CASES));
describe('large products', () => describeInVectors(GEMM, convolutionCases(LARGE)));
