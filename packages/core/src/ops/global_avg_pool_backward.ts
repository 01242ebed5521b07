/** dx of global_avg_pool: dy/(H·W) at every pixel. */

import { channels, dim, rows, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { checkMatrix } from './support/matrix.js';
import { at } from './support/reference.js';

export type GlobalAvgPoolBackwardAttributes = {
  /** Height and width of dx. */
  readonly size: readonly number[];
};

export const globalAvgPoolBackwardOp: OpDefinition<GlobalAvgPoolBackwardAttributes> = {
  name: 'global_avg_pool_backward',
  inputs: [{ name: 'dy', kind: 'data' }],
  outputs: [{ name: 'dx', kind: 'data' }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkMatrix(dy, 'dy');
    if (attrs.size.length !== 2) {
      throw new ShapeError(`expected [height, width] for size but received [${attrs.size.join(', ')}]`);
    }
    return [{ shape: [...dy.shape, ...attrs.size], dtype: dy.dtype }];
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
  reference({ input, output }) {
    const [dy, dx] = [input(0), output(0)];
    const width = channels(dx.shape);
    const area = dim(dx.shape, 2) * dim(dx.shape, 3);
    for (let row = 0; row < rows(dx.shape); row++) {
      const image = Math.floor(row / area);
      for (let c = 0; c < width; c++) dx.data[row * width + c] = at(dy, image * width + c) / area;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H,W] from dy [N,C]; `size` is [H,W]. */
export function globalAvgPoolBackward(dy: Value, size: Shape): Value {
  return emit(globalAvgPoolBackwardOp, [dy], { size });
}
