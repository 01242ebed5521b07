/** Convolution cases: one shape produces cases for all directions. */

import { dim, type Shape } from '@inplace-abn/tensor';
import { IDENTITY } from '../../../src/ir/activations.js';
import type { Conv2dFusedAttributes } from '../../../src/ops/conv2d_fused.js';
import type { Conv2dAttributes } from '../../../src/ops/support/convolution.js';
import { type PairOption, pair, windowedSize } from '../../../src/ops/support/window.js';
import { type Draw, drawOperand, type KernelCase } from '../operands.js';
import { ELU, LEAKY, RELU } from './abn.js';

export interface Convolution {
  readonly x: Shape;
  readonly w: Shape;
  readonly attrs: Conv2dAttributes;
}

export const convolution = (
  x: Shape,
  w: Shape,
  stride: PairOption = 1,
  padding: PairOption = 0,
  dilation: PairOption = 1,
  groups = 1,
): Convolution => ({
  x,
  w,
  attrs: { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups },
});

const outputOf = ({ x, w, attrs }: Convolution): Shape => [
  dim(x, 0),
  dim(w, 0),
  ...windowedSize(x, { ...attrs, kernel: w.slice(2) }),
];

/** Cycles through the activations, with and without bias and addend: two fused cases per convolution. */
function fusions(index: number) {
  const activations = [IDENTITY, LEAKY, ELU, RELU];
  return [index, index + 1].map((turn) => ({
    activation: activations[turn % 4] ?? IDENTITY,
    bias: turn % 3 !== 0,
    addend: turn % 2 === 0 || turn % 5 === 0,
  }));
}

/** Weights scaled like an initializer's, so outputs have unit variance. */
const fanIn: Draw = (name, shape) => {
  const scale = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
  return Array.from(drawOperand(name, shape), (value) => value * scale);
};

const weight = { weight: fanIn };

/** With and without bias, fused with alternating epilogues, and both gradients. */
export const convolutionCases = (convolutions: readonly Convolution[]) => ({
  conv2d: convolutions.flatMap((c): KernelCase<Conv2dAttributes>[] => [
    { attrs: c.attrs, inputs: [c.x, c.w], draw: weight },
    { attrs: c.attrs, inputs: [c.x, c.w, [dim(c.w, 0)]], draw: weight },
  ]),
  conv2d_fused: convolutions.flatMap((c, index): KernelCase<Conv2dFusedAttributes>[] =>
    fusions(index).map(({ activation, bias, addend }) => ({
      attrs: { ...c.attrs, ...activation },
      inputs: [c.x, c.w, bias ? [dim(c.w, 0)] : null, addend ? outputOf(c) : null],
      draw: weight,
    })),
  ),
  conv2d_backward_data: convolutions.map((c) => ({
    attrs: { ...c.attrs, size: c.x.slice(2) },
    inputs: [outputOf(c), c.w],
    draw: weight,
  })),
  conv2d_backward_weights: convolutions.map((c) => ({
    attrs: { ...c.attrs, kernel: c.w.slice(2) },
    inputs: [c.x, outputOf(c)],
  })),
});
