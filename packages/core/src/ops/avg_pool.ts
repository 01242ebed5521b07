/**
 * Average pooling: the mean over all elements of a window, padding included as zeros, or over those inside
 * the input.
 */

import { channels, type DType } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { avgPoolBackward } from './avg_pool_backward.js';
import {
  type AvgPoolAttributes,
  averageWeights,
  type PoolOptions,
  poolAttributes,
  poolCost,
  pooledShape,
  poolWindow,
} from './support/pooling.js';
import { addAt, at } from './support/reference.js';
import { rowsOf } from './support/row-windows.js';
import { forEachTap, type PairOption } from './support/window.js';

export const avgPoolOp: OpDefinition<AvgPoolAttributes> = {
  name: 'avg_pool',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer: ({ attrs, input }) => [{ shape: pooledShape(input(0), attrs), dtype: input(0).dtype }],
  gradient({ attrs, input, diff, needs }) {
    return [needs(0) ? avgPoolBackward(diff(0), input(0).shape.slice(2), attrs) : null];
  },
  overwrites: [],
  rows: ({ attrs }) => [rowsOf(poolWindow(attrs))],
  inverses: [],
  absorb: null,
  slices: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: poolCost,
  reference({ attrs, input, output }) {
    const [x, y] = [input(0), output(0)];
    const width = channels(x.shape);
    const weights = averageWeights(x.shape, y.shape, attrs);
    y.data.fill(0);
    forEachTap(x.shape, y.shape, poolWindow(attrs), (inputRow, outputRow) => {
      for (let c = 0; c < width; c++) {
        addAt(y, outputRow * width + c, at(x, inputRow * width + c) * (weights[outputRow] ?? Number.NaN));
      }
    });
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/** Options of {@link avgPool}. */
export interface AvgPoolOptions extends PoolOptions {
  /** True to count padding in the mean; default true, as in PyTorch. */
  readonly countIncludePad?: boolean;
}

/**
 * Average pooling of x [N,C,H,W], like torch.nn.functional.avg_pool2d; returns [N,C,OH,OW].
 *
 * @param kernel size of the window: one number, or [height, width]
 * @throws ShapeError if x is not N×C×H×W, if padding exceeds half the window, or if the window does not fit
 */
export function avgPool<D extends DType>(
  x: Value<D>,
  kernel: PairOption,
  options: AvgPoolOptions = {},
): Value<D> {
  const attrs = { ...poolAttributes(kernel, options), count_include_pad: options.countIncludePad ?? true };
  return emit(avgPoolOp, [x], attrs).as(x.dtype);
}
