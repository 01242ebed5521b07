/**
 * Max pooling. The second output is the index of the first maximum in each window, kh·KW + kw. NaN counts as
 * the maximum.
 */

import { channels, type DType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { maxPoolBackward } from './max_pool_backward.js';
import {
  type PoolAttributes,
  type PoolOptions,
  poolAttributes,
  poolCost,
  pooledShape,
  poolWindow,
  windowArea,
} from './support/pooling.js';
import { at } from './support/reference.js';
import { rowsOf } from './support/row-windows.js';
import { forEachTap, type PairOption } from './support/window.js';

export type MaxPoolAttributes = PoolAttributes & {
  /** True if the last window may extend beyond the far padding. */
  readonly ceil: boolean;
};

export const maxPoolOp: OpDefinition<MaxPoolAttributes> = {
  name: 'max_pool',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [
    { name: 'y', kind: 'data', pitched: true },
    { name: 'index', kind: 'uint8' },
  ],
  infer({ attrs, input }) {
    const x = input(0);
    const shape = pooledShape(x, attrs, attrs.ceil);
    if (windowArea(attrs.kernel) > 256) {
      throw new ShapeError(`a window of [${attrs.kernel.join(', ')}] has more than 256 elements`);
    }
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'uint8' },
    ];
  },
  gradient({ attrs, input, output, diffs, needs }) {
    const dy = diffs[0];
    return [dy && needs(0) ? maxPoolBackward(dy, output(1), input(0).shape.slice(2), attrs) : null];
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
    const [x, y, index] = [input(0), output(0), output(1)];
    const width = channels(x.shape);
    const seen = new Uint8Array(y.data.length);
    forEachTap(x.shape, y.shape, poolWindow(attrs), (inputRow, outputRow, tap) => {
      for (let c = 0; c < width; c++) {
        const out = outputRow * width + c;
        const value = at(x, inputRow * width + c);
        const best = at(y, out);
        if (seen[out] && !(value > best) && !(Number.isNaN(value) && !Number.isNaN(best))) continue;
        seen[out] = 1;
        y.data[out] = value;
        index.data[out] = tap;
      }
    });
  },
  // PyTorch's indices are 64-bit.
  peerKeeps: { inputs: [0], outputs: [1], bytesPerElement: 8 },
};

/** Options of {@link maxPool}. */
export interface MaxPoolOptions extends PoolOptions {
  /** Let the last window extend beyond the far padding, like PyTorch's ceil_mode; default false. */
  readonly ceil?: boolean;
}

/**
 * Max pooling of x [N,C,H,W], like torch.nn.functional.max_pool2d; padding is never the maximum.
 *
 * @param kernel size of the window: one number, or [height, width]; at most 256 elements
 * @throws ShapeError if x is not N×C×H×W, or if the window is larger, does not fit x, or has too much padding
 */
export function maxPool<D extends DType>(
  x: Value<D>,
  kernel: PairOption,
  options: MaxPoolOptions = {},
): Value<D> {
  const attrs = { ...poolAttributes(kernel, options), ceil: options.ceil ?? false };
  return outputAt(emitAll(maxPoolOp, [x], attrs), 0).as(x.dtype);
}
