/** db of out = a + b with b [N,C,1,1]: the sum of dout over height and width. */
import { channels, dim, elements, rows } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages } from './support/window.js';

export const broadcastAddBackwardOp: OpDefinition<NoAttributes> = {
  name: 'broadcast_add_backward',
  inputs: [{ name: 'dout', kind: 'data' }],
  outputs: [{ name: 'db', kind: 'data' }],
  infer({ input }) {
    const dout = input(0);
    checkImages(dout, 'dout');
    return [{ shape: [dim(dout.shape, 0), channels(dout.shape), 1, 1], dtype: dout.dtype }];
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
  cost: (context, outputs) => streamed(context, outputs, elements(context.input(0).shape)),
  reference({ input, output }) {
    const [dout, db] = [input(0), output(0)];
    const width = channels(dout.shape);
    const area = dim(dout.shape, 2) * dim(dout.shape, 3);
    db.data.fill(0);
    for (let row = 0; row < rows(dout.shape); row++) {
      const image = Math.floor(row / area);
      for (let c = 0; c < width; c++) addAt(db, image * width + c, at(dout, row * width + c));
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Sums dout [N,C,H,W] over height and width: [N,C,1,1]. */
export function broadcastAddBackward(dout: Value): Value {
  return emit(broadcastAddBackwardOp, [dout], {});
}
