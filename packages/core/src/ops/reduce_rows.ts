/** Σ dy over all axes except the channels: the bias gradient of a convolution or linear layer. */

import { channels, formatType, rows } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const reduceRowsOp: OpDefinition<NoAttributes> = {
  name: 'reduce_rows',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'sum', kind: 'float32' }],
  infer({ input }) {
    const dy = input(0);
    if (dy.shape.length < 2) throw new ShapeError(`expected rank 2 or more but received ${formatType(dy)}`);
    return [{ shape: [channels(dy.shape)], dtype: 'float32' }];
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
    const dy = input(0);
    const width = channels(dy.shape);
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let row = 0; row < rows(dy.shape); row++) sum += at(dy, row * width + c);
      output(0).data[c] = sum;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Per-channel sums float32[C] of dy [N,C,…]. */
export function reduceRows(dy: Value): Value {
  return emit(reduceRowsOp, [dy], {});
}
