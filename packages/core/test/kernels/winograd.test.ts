/** 3×3 convolutions by Winograd's minimal filtering. */
import { dim, type Shape } from '../../src/shape.js';
import { describeInVectors, fanIn } from './vectors.js';

interface Convolution {
  readonly x: Shape;
  readonly outputs: number;
  readonly padding: Shape;
  readonly dilation: Shape;
}

const convolution = (x: Shape, outputs: number, padding: Shape = [1, 1], dilation: Shape = [1, 1]) => ({
  x,
  outputs,
  padding,
  dilation,
});

const CASES: readonly Convolution[] = [
  // One pixel; tiles that are whole, and tiles that reach beyond the image on either side.
  convolution([1, 16, 1, 1], 16),
  convolution([2, 16, 8, 8], 32),
  convolution([3, 32, 9, 7], 16),
  // Channels of an odd number of vectors, outputs in panels of which the last is narrower.
  convolution([1, 48, 6, 5], 80),
  // No padding, and more of it than the window holds.
  convolution([2, 16, 7, 6], 16, [0, 0]),
  convolution([1, 16, 3, 4], 16, [2, 5]),
  // Each remainder of the dilation is a convolution of its own.
  convolution([2, 16, 11, 9], 16, [2, 3], [2, 3]),
  convolution([1, 16, 5, 6], 16, [6, 6], [6, 6]),
  // Sums of several stretches; weights whose points do not fit at once.
  convolution([1, 528, 3, 3], 144),
  // Several blocks of tiles.
  convolution([1, 16, 93, 97], 16),
];

const outputOf = ({ x, outputs, padding, dilation }: Convolution): Shape => [
  dim(x, 0),
  outputs,
  ...[0, 1].map((axis) => dim(x, axis + 2) + 2 * dim(padding, axis) - 2 * dim(dilation, axis)),
];

const attrsOf = ({ padding, dilation }: Convolution) => ({ stride: [1, 1], padding, dilation, groups: 1 });

const weightsOf = ({ x, outputs }: Convolution): Shape => [outputs, dim(x, 1), 3, 3];

const ACTIVATIONS = [
  { activation: 'leaky_relu', slope: 0.1 },
  { activation: 'relu', slope: 0 },
  { activation: 'elu', slope: 1.5 },
];

describeInVectors('winograd', ['float32', 'bfloat16'], 2e-5, {
  conv2d: CASES.map((c) => ({
    attrs: attrsOf(c),
    inputs: [c.x, weightsOf(c), [c.outputs]],
    draw: { weight: fanIn },
  })),
  conv2d_fused: CASES.map((c, index) => ({
    attrs: { ...attrsOf(c), ...ACTIVATIONS[index % 3] },
    inputs: [c.x, weightsOf(c), index % 2 === 0 ? [c.outputs] : null, index % 3 === 0 ? outputOf(c) : null],
    draw: { weight: fanIn },
  })),
  conv2d_backward_data: CASES.map((c) => ({
    attrs: { ...attrsOf(c), size: c.x.slice(2) },
    inputs: [outputOf(c), weightsOf(c)],
    draw: { weight: fanIn },
  })),
  conv2d_backward_weights: CASES.map((c) => ({
    attrs: { ...attrsOf(c), kernel: [3, 3] },
    inputs: [c.x, outputOf(c)],
  })),
});
