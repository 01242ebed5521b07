/** Cases of the elementwise and row-wise ops. */

import type { Shape } from '@inplace-abn/tensor';
import { type ActivationAttributes, IDENTITY } from '../../../src/ir/activations.js';
import type { DropoutAttributes } from '../../../src/ops/dropout.js';
import { uniform } from '../../support/prng.js';
import { activated, labelsBelow } from '../operands.js';
import { ELU, LEAKY, RELU, SHAPES, STEEP } from './abn.js';

const INVERTIBLE = [IDENTITY, LEAKY, STEEP, ELU];
const EVERY = [...INVERTIBLE, RELU];

const each = (acts: readonly ActivationAttributes[], operands: number, drawn?: string) => [
  ...SHAPES.map((shape) => one(LEAKY, shape, operands, drawn)),
  ...acts.map((attrs) => one(attrs, [3, 17, 2], operands, drawn)),
];

const one = (attrs: ActivationAttributes, shape: Shape, operands: number, drawn?: string) => ({
  attrs,
  inputs: new Array<Shape>(operands).fill(shape),
  ...(drawn ? { draw: { [drawn]: activated(attrs) } } : {}),
});

const drop = (
  shape: Shape,
  p: number,
  channelwise = false,
): { attrs: DropoutAttributes; inputs: Shape[] } => ({
  attrs: { p, stream: 3, channelwise },
  inputs: [shape, []],
});

/** One pixel, odd sizes, and more pixels and channels than one chunk or block of sums. */
const IMAGES: readonly Shape[] = [
  [1, 1, 1, 1],
  [3, 17, 1, 5],
  [2, 70, 9, 3],
  [2, 5, 71, 67],
  [1, 1030, 3, 2],
];

const perChannel = ([n = 1, c = 1]: Shape): Shape => [n, c, 1, 1];

export const elementwise = {
  activation: each(EVERY, 1),
  activation_backward: each(EVERY, 2, 'z'),
  activation_invert: each(INVERTIBLE, 1, 'z'),
  add: each(EVERY, 2),
  add_invert: each(EVERY, 2, 'out'),
  broadcast_add: [
    ...IMAGES.map((shape) => ({ attrs: LEAKY, inputs: [shape, perChannel(shape)] })),
    ...EVERY.map((attrs) => ({ attrs, inputs: [[3, 17, 2, 5], perChannel([3, 17])] })),
  ],
  broadcast_add_backward: IMAGES.map((shape) => ({ attrs: {}, inputs: [shape] })),
  // The harness casts to the dtype that x does not have.
  cast: SHAPES.map((shape) => ({ attrs: { dtype: 'bfloat16' as const }, inputs: [shape] })),
  dropout: [
    ...SHAPES.flatMap((shape) => [drop(shape, 0.3), drop(shape, 0.5, true)]),
    drop([2, 3, 4], 0),
    drop([2, 3, 4], 1),
  ],
  reduce_rows: SHAPES.map((shape) => ({ attrs: {}, inputs: [shape] })),
  color_transform: [
    [1, 3, 1, 1],
    [2, 3, 5, 7],
    [3, 3, 17, 16],
  ].map((shape) => ({ attrs: { dtype: 'float32' as const }, inputs: [shape, [shape[0] ?? 0, 12]] })),
  mix_images: IMAGES.flatMap((shape) => {
    const [rows = 0, , height = 0, width = 0] = shape;
    // As many images as are given, and one less; some partners are none.
    return [rows, Math.max(1, rows - 1)].map((images) => ({
      attrs: {},
      inputs: [shape, [images], [images], [images, 4]],
      draw: {
        partners: labelsBelow(rows + 1),
        lambda: (name: string, of: Shape) => uniform(name, of, 0, 1),
        boxes: labelsBelow(Math.min(height, width) + 1),
      },
    }));
  }),
  literal: [[], [0.1, -3, 2.5e-8], Array.from({ length: 130 }, (_, i) => i / 7)].map((values) => ({
    attrs: { values },
    inputs: [],
  })),
  constant: (['float32', 'bfloat16', 'int32'] as const).flatMap((dtype) =>
    [[], [3, 17], [2, 70, 5]].map((shape) => ({ attrs: { value: 3, shape, dtype }, inputs: [] })),
  ),
  guard_finite: [
    { attrs: { what: 'the loss' }, inputs: [[]] },
    { attrs: { what: 'it' }, inputs: [[3, 17]] },
  ],
};
