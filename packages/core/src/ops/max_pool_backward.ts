/** dx of max pooling: adds each dy to the element that its index points to; zero elsewhere. */

import { channels, formatType, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import type { MaxPoolAttributes } from './max_pool.js';
import { streamed } from './support/cost.js';
import { poolWindow, unpooledShape } from './support/pooling.js';
import { addAt, at } from './support/reference.js';
import { forEachTap } from './support/window.js';

export type MaxPoolBackwardAttributes = MaxPoolAttributes & {
  /** Height and width of dx. */
  readonly size: readonly number[];
};

export const maxPoolBackwardOp: OpDefinition<MaxPoolBackwardAttributes> = {
  name: 'max_pool_backward',
  inputs: [
    { name: 'dy', kind: 'data', pitched: true },
    { name: 'index', kind: 'uint8' },
  ],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const [dy, index] = [input(0), input(1)];
    if (!sameShape(dy.shape, index.shape)) {
      throw new ShapeError(`dy and index differ in shape: ${formatType(dy)} and ${formatType(index)}`);
    }
    return [{ shape: unpooledShape(dy, attrs, attrs.ceil), dtype: dy.dtype }];
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
  cost: streamed,
  reference({ attrs, input, output }) {
    const [dy, index, dx] = [input(0), input(1), output(0)];
    const width = channels(dx.shape);
    dx.data.fill(0);
    forEachTap(dx.shape, dy.shape, poolWindow(attrs), (inputRow, outputRow, tap) => {
      for (let c = 0; c < width; c++) {
        const out = outputRow * width + c;
        if (at(index, out) === tap) addAt(dx, inputRow * width + c, at(dy, out));
      }
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H,W] of max pooling; `size` is the input's [H,W], and `index` comes from the forward op. */
export function maxPoolBackward(dy: Value, index: Value, size: Shape, attrs: MaxPoolAttributes): Value {
  const { kernel, stride, padding, ceil } = attrs;
  return emit(maxPoolBackwardOp, [dy, index], { kernel, stride, padding, ceil, size });
}
