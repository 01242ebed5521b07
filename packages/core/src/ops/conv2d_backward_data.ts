/** dx of a convolution: every product y += x·w gives dx += dy·w. */

import { channels, dim, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import {
  addScaled,
  type Conv2dAttributes,
  checkConv,
  convFlops,
  convWindow,
  forEachDot,
} from './support/convolution.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { checkImages, checkWindowed } from './support/window.js';

export type Conv2dBackwardDataAttributes = Conv2dAttributes & {
  /** Height and width of dx; with a stride, dy does not determine them. */
  readonly size: readonly number[];
};

export const conv2dBackwardDataOp: OpDefinition<Conv2dBackwardDataAttributes> = {
  name: 'conv2d_backward_data',
  inputs: [
    { name: 'dy', kind: 'data' },
    { name: 'weight', kind: 'float32' },
  ],
  outputs: [{ name: 'dx', kind: 'data' }],
  infer({ attrs, input }) {
    const [dy, weight] = [input(0), input(1)];
    checkImages(dy, 'dy');
    checkImages(weight, 'weight');
    const inputs = channels(weight.shape) * attrs.groups;
    const shape = [dim(dy.shape, 0), inputs, ...attrs.size];
    if (shape.length !== 4)
      throw new ShapeError(`expected [height, width] for size but received [${attrs.size.join(', ')}]`);
    checkConv(weight, inputs, attrs);
    checkWindowed(dy, shape, dim(weight.shape, 0), convWindow(attrs, weight.shape));
    return [{ shape, dtype: dy.dtype }];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost(context, outputs) {
    const flops = convFlops(context.input(0).shape, context.input(1).shape);
    return streamed(context, outputs, flops);
  },
  family: 'convolution',
  reference({ attrs, input, output }) {
    const [dy, weight, dx] = [input(0), input(1), output(0)];
    dx.data.fill(0);
    forEachDot(dx.shape, weight.shape, dy.shape, attrs, (x, w, y, length, step) => {
      addScaled(dx, x, 1, weight, w, step, at(dy, y), length);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H,W] of a convolution; `size` is the input's [H,W]. */
export function conv2dBackwardData(dy: Value, weight: Value, size: Shape, attrs: Conv2dAttributes): Value {
  const { stride, padding, dilation, groups } = attrs;
  return emit(conv2dBackwardDataOp, [dy, weight], { stride, padding, dilation, groups, size });
}
