/** dx of average pooling: distributes each dy, divided by the number of elements counted, over its window. */
import { channels, type Shape } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { type AvgPoolAttributes, averageWeights, poolWindow, unpooledShape } from './support/pooling.js';
import { addAt, at } from './support/reference.js';
import { forEachTap } from './support/window.js';

export type AvgPoolBackwardAttributes = AvgPoolAttributes & {
  /** Height and width of dx. */
  readonly size: readonly number[];
};

export const avgPoolBackwardOp: OpDefinition<AvgPoolBackwardAttributes> = {
  name: 'avg_pool_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer: ({ attrs, input }) => [{ shape: unpooledShape(input(0), attrs), dtype: input(0).dtype }],
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
    const [dy, dx] = [input(0), output(0)];
    const width = channels(dx.shape);
    const weights = averageWeights(dx.shape, dy.shape, attrs);
    dx.data.fill(0);
    forEachTap(dx.shape, dy.shape, poolWindow(attrs), (inputRow, outputRow) => {
      for (let c = 0; c < width; c++) {
        addAt(dx, inputRow * width + c, at(dy, outputRow * width + c) * (weights[outputRow] ?? Number.NaN));
      }
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H,W] of average pooling; `size` is the input's [H,W]. */
export function avgPoolBackward(dy: Value, size: Shape, attrs: AvgPoolAttributes): Value {
  const { kernel, stride, padding, count_include_pad } = attrs;
  return emit(avgPoolBackwardOp, [dy], { kernel, stride, padding, count_include_pad, size });
}
