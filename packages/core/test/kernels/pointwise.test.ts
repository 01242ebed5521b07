/** 1×1 convolutions of bfloat16 images as matrix products in float32. */
import { dim, type Shape } from '../../src/shape.js';
import { describeInVectors, fanIn } from './vectors.js';

interface Convolution {
  readonly x: Shape;
  readonly outputs: number;
  readonly stride: number;
}

const convolution = (x: Shape, outputs: number, stride = 1): Convolution => ({ x, outputs, stride });

const DENSE: readonly Convolution[] = [
  convolution([1, 16, 1, 1], 16),
  // An odd number of vectors of channels on either side; panels of which the last is narrower.
  convolution([2, 48, 5, 7], 80),
  // Sums of several stretches; several blocks of pixels.
  convolution([1, 528, 6, 5], 32),
  convolution([3, 32, 31, 33], 64),
];

const STRIDED: readonly Convolution[] = [
  convolution([2, 32, 9, 6], 48, 2),
  convolution([1, 16, 7, 7], 16, 3),
];

const outputOf = ({ x, outputs, stride }: Convolution): Shape => [
  dim(x, 0),
  outputs,
  ...x.slice(2).map((size) => Math.floor((size - 1) / stride) + 1),
];

const attrsOf = ({ stride }: Convolution) => ({
  stride: [stride, stride],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
});

const weightsOf = ({ x, outputs }: Convolution): Shape => [outputs, dim(x, 1), 1, 1];

describeInVectors('pointwise', ['bfloat16'], 1e-5, {
  conv2d: [...DENSE, ...STRIDED].map((c) => ({
    attrs: attrsOf(c),
    inputs: [c.x, weightsOf(c)],
    draw: { weight: fanIn },
  })),
  conv2d_backward_data: DENSE.map((c) => ({
    attrs: { ...attrsOf(c), size: c.x.slice(2) },
    inputs: [outputOf(c), weightsOf(c)],
    draw: { weight: fanIn },
  })),
  conv2d_backward_weights: [...DENSE, ...STRIDED].map((c) => ({
    attrs: { ...attrsOf(c), kernel: [1, 1] },
    inputs: [c.x, outputOf(c)],
  })),
});
