/** 1×1 convolutions of bfloat16 images as float32 matrix products. */
import { convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

const DENSE = [
  convolution([1, 16, 1, 1], [16, 16, 1, 1]),
  // An odd number of channel vectors on either side; a narrower last panel.
  convolution([2, 48, 5, 7], [80, 48, 1, 1]),
  // Sums in several stretches; several blocks of pixels.
  convolution([1, 528, 6, 5], [32, 528, 1, 1]),
  convolution([3, 32, 31, 33], [64, 32, 1, 1]),
];

const STRIDED = [
  convolution([2, 32, 9, 6], [48, 32, 1, 1], 2),
  convolution([1, 16, 7, 7], [16, 16, 1, 1], 3),
];

const all = convolutionCases([...DENSE, ...STRIDED]);

describeInVectors(
  { kernel: 'pointwise', dtypes: ['bfloat16'], tolerance: 1e-5 },
  {
    // No bias, and no stride except for the input gradient.
    conv2d: all.conv2d.filter(({ inputs }) => inputs.length === 2),
    conv2d_backward_data: convolutionCases(DENSE).conv2d_backward_data,
    conv2d_backward_weights: all.conv2d_backward_weights,
  },
);
