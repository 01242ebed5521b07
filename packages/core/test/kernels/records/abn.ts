/** Cases of the activated batch normalization ops. */

import { channels, elements, rows, type Shape } from '@inplace-abn/tensor';
import { type ActivationAttributes, IDENTITY } from '../../../src/ir/activations.js';
import type { AbnApplyAttributes } from '../../../src/ops/abn_apply.js';
import type { AbnFoldAttributes } from '../../../src/ops/abn_fold.js';
import { activated, affine, counted, type KernelCase } from '../operands.js';

export const LEAKY: ActivationAttributes = { activation: 'leaky_relu', slope: 0.01 };
/** Steeper below zero than above, so max(y, slope·y) is not φ. */
export const STEEP: ActivationAttributes = { activation: 'leaky_relu', slope: 1.5 };
export const ELU: ActivationAttributes = { activation: 'elu', slope: 1.2 };
export const RELU: ActivationAttributes = { activation: 'relu', slope: 0 };
export const SHAPES: readonly Shape[] = [
  [2, 1],
  [4, 3, 1, 1],
  [3, 17, 5],
  [2, 70, 5, 7],
  [1, 64, 9, 3],
  [130, 16, 3, 3],
];
const EPS = 1e-3;

const apply = (
  shape: Shape,
  act: ActivationAttributes,
  scale: AbnApplyAttributes['scale'],
  withAffine = true,
): KernelCase<AbnApplyAttributes> => {
  const vector = [channels(shape)];
  const parameters = withAffine ? [vector, vector] : [null, null];
  return {
    attrs: { ...act, eps: EPS, scale, statistics: 'batch' },
    inputs: [shape, vector, vector, ...parameters],
    draw: affine,
  };
};

/** `present`: whether there are γ and β, and a bias to fold into. */
const folding = (
  weight: Shape,
  scale: AbnApplyAttributes['scale'],
  present: { affine: boolean; bias: boolean },
): KernelCase<AbnFoldAttributes> => {
  const vector = weight.slice(0, 1);
  const parameters = present.affine ? [vector, vector] : [null, null];
  return {
    attrs: { eps: EPS, scale },
    inputs: [weight, vector, vector, ...parameters, present.bias ? vector : null],
  };
};

type From = 'x' | 'z';

const backward = (
  shape: Shape,
  act: ActivationAttributes,
  scale: AbnApplyAttributes['scale'],
  from: From,
  withAffine = true,
) => {
  const vector = [channels(shape)];
  const parameters = withAffine ? [vector, vector] : [null, null];
  return {
    attrs: { ...act, eps: EPS, scale, from },
    inputs: [shape, shape, vector, vector, ...parameters],
    draw: { ...affine, ...(from === 'z' ? { saved: activated(act) } : {}) },
    tolerance: 3e-5,
  };
};

const backwardApply = (
  shape: Shape,
  act: ActivationAttributes,
  scale: AbnApplyAttributes['scale'],
  from: From,
  statistics: 'batch' | 'fixed' = 'batch',
  withAffine = true,
) => {
  const base = backward(shape, act, scale, from, withAffine);
  const vector = [channels(shape)];
  const sums = statistics === 'batch' ? [vector, vector] : [null, null];
  return {
    ...base,
    attrs: { ...base.attrs, statistics, count: rows(shape) },
    inputs: [...base.inputs, ...sums],
  };
};

/** γ of 0, γ that the output hides next to β (in bfloat16 or in any dtype), and γ of either sign. */
const coarse = {
  weight: (_: string, shape: Shape) =>
    Array.from({ length: elements(shape) }, (_, c) => [0, 1e-3, -1e-8, 0.7, -1.2][c % 5] ?? 0),
};

const withDraw = <R extends KernelCase>(record: R, draw: KernelCase['draw']): R => ({
  ...record,
  draw: { ...record.draw, ...draw },
});

/** The same without the saved operand. */
const unsaved = <R extends KernelCase>(record: R): R => ({
  ...record,
  inputs: record.inputs.map((shape, index) => (index === 1 ? null : shape)),
});

/** The four training kernels of a layer, for both possible saved tensors. */
export const layerCases = (shape: Shape, act: ActivationAttributes) => {
  const sources: readonly From[] = ['x', 'z'];
  return {
    abn_stats: [{ attrs: {}, inputs: [shape] }],
    abn_apply: [apply(shape, act, 'abs')],
    abn_backward_reduce: sources.map((from) => backward(shape, act, 'abs', from)),
    abn_backward_apply: sources.map((from) => backwardApply(shape, act, 'abs', from)),
  };
};

export const abn = {
  abn_fold: [
    folding([1, 1, 1, 1], 'abs', { affine: true, bias: false }),
    folding([17, 3, 3, 3], 'abs', { affine: true, bias: true }),
    folding([70, 5, 1, 2], 'plain', { affine: true, bias: false }),
    folding([64, 64, 3, 3], 'plain', { affine: false, bias: true }),
    folding([3, 70], 'abs', { affine: false, bias: false }),
  ],
  abn_stats: SHAPES.map((shape) => ({ attrs: {}, inputs: [shape] })),
  abn_apply: [
    ...SHAPES.map((shape) => apply(shape, LEAKY, 'abs')),
    apply([2, 17, 3, 3], STEEP, 'abs'),
    apply([2, 17, 3, 3], ELU, 'abs'),
    apply([2, 17, 3, 3], IDENTITY, 'abs'),
    apply([2, 17, 3, 3], RELU, 'plain'),
    apply([2, 70, 3, 3], LEAKY, 'plain', false),
    counted(apply([2, 17, 3, 3], LEAKY, 'abs')),
  ],
  abn_running: [1, 3, 17, 70]
    .flatMap((width) =>
      [true, false].map((cumulative) => ({
        attrs: { momentum: 0.1, cumulative, count: 6 },
        inputs: [[width], [width], [], [width], [width]],
      })),
    )
    .flatMap((record) => [record, counted({ ...record, attrs: { ...record.attrs, count: 0 } })]),
  abn_backward_reduce: [
    ...SHAPES.map((shape) => backward(shape, LEAKY, 'abs', 'z')),
    ...SHAPES.map((shape) => backward(shape, LEAKY, 'plain', 'x')),
    ...(['x', 'z'] as const).flatMap((from) => [
      backward([3, 17, 5], STEEP, 'abs', from),
      backward([3, 17, 5], ELU, 'abs', from),
      backward([3, 17, 5], IDENTITY, 'abs', from, false),
    ]),
    ...(['x', 'z'] as const).flatMap((from) =>
      [RELU, IDENTITY].map((act) => backward([3, 17, 5], act, 'plain', from)),
    ),
    withDraw(backward([3, 17, 5], RELU, 'plain', 'z'), coarse),
  ],
  abn_backward_apply: [
    ...SHAPES.map((shape) => backwardApply(shape, LEAKY, 'abs', 'z')),
    ...SHAPES.map((shape) => backwardApply(shape, LEAKY, 'plain', 'x')),
    ...(['x', 'z'] as const).flatMap((from) => [
      backwardApply([3, 17, 5], STEEP, 'abs', from),
      backwardApply([3, 17, 5], ELU, 'abs', from),
      backwardApply([3, 17, 5], IDENTITY, 'abs', from, 'batch', false),
      backwardApply([3, 17, 5], LEAKY, 'abs', from, 'fixed'),
    ]),
    backwardApply([3, 17, 5], RELU, 'plain', 'x'),
    ...(['x', 'z'] as const).map((from) => backwardApply([3, 17, 5], RELU, 'plain', from, 'fixed')),
    unsaved(backwardApply([2, 70, 5, 7], IDENTITY, 'plain', 'x', 'fixed')),
    counted(backwardApply([2, 70, 5, 7], LEAKY, 'abs', 'z')),
  ],
  abn_backward_weight: (['abs', 'plain'] as const).flatMap((scale) =>
    [1, 17, 70].map((width) => ({ attrs: { scale }, inputs: [[width], [width]] })),
  ),
};
