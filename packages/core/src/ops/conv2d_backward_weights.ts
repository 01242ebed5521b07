/** dw of a convolution: every product y += x·w gives dw += x·dy. */

import { channels, dim, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { sliceChannels } from './slice_channels.js';
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

export type Conv2dBackwardWeightsAttributes = Conv2dAttributes & {
  /** Height and width of the window; with a stride, x and dy do not determine them. */
  readonly kernel: readonly number[];
};

export const conv2dBackwardWeightsOp: OpDefinition<Conv2dBackwardWeightsAttributes> = {
  name: 'conv2d_backward_weights',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'dy', kind: 'data' },
  ],
  outputs: [{ name: 'dweight', kind: 'float32' }],
  infer({ attrs, input }) {
    const [x, dy] = [input(0), input(1)];
    checkImages(x, 'x');
    checkImages(dy, 'dy');
    const [inputs, outputs] = [channels(x.shape), channels(dy.shape)];
    const shape = [outputs, Math.floor(inputs / attrs.groups), ...attrs.kernel];
    if (shape.length !== 4)
      throw new ShapeError(`expected [height, width] for kernel but received [${attrs.kernel.join(', ')}]`);
    const weight = { shape, dtype: 'float32' } as const;
    checkConv(weight, inputs, attrs);
    checkWindowed(dy, x.shape, dim(shape, 0), convWindow(attrs, shape));
    return [weight];
  },
  gradient: null,
  overwrites: [],
  parts: {
    make({ attrs, input }, { begin, length }) {
      if (attrs.groups !== 1) return null;
      return conv2dBackwardWeights(input(0), sliceChannels(input(1), begin, length), attrs.kernel, attrs);
    },
    update: null,
  },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  labels: null,
  effects: PURE,
  cost(context, outputs) {
    const flops = outputs[0] ? convFlops(context.input(1).shape, outputs[0].shape) : 0;
    return streamed(context, outputs, flops);
  },
  family: 'convolution',
  reference({ attrs, input, output }) {
    const [x, dy, dweight] = [input(0), input(1), output(0)];
    dweight.data.fill(0);
    forEachDot(x.shape, dweight.shape, dy.shape, attrs, (xAt, w, y, length, step) => {
      addScaled(dweight, w, step, x, xAt, 1, at(dy, y), length);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂w float32[O,C/groups,KH,KW] of a convolution; `kernel` is the window's [KH,KW]. */
export function conv2dBackwardWeights(x: Value, dy: Value, kernel: Shape, attrs: Conv2dAttributes): Value {
  const { stride, padding, dilation, groups } = attrs;
  return emit(conv2dBackwardWeightsOp, [x, dy], { stride, padding, dilation, groups, kernel });
}
