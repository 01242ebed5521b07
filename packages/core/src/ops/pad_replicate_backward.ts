/** dx of pad_replicate: each pixel sums dy over itself and its copies. */

import { channels, dim, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { addedSize, checkPadding, forEachReplica, type PaddingAttributes } from './support/padding.js';
import { addAt, at } from './support/reference.js';
import { checkImages } from './support/window.js';

export const padReplicateBackwardOp: OpDefinition<PaddingAttributes> = {
  name: 'pad_replicate_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkImages(dy, 'dy');
    checkPadding(attrs);
    const [rows, columns] = addedSize(attrs);
    const [height, width] = [dim(dy.shape, 2) - rows, dim(dy.shape, 3) - columns];
    if (height < 1 || width < 1) {
      throw new ShapeError(
        `padding [${attrs.padding.join(', ')}] leaves nothing of dy ${formatType(dy)}: expected more than ${rows}×${columns} pixels`,
      );
    }
    return [{ shape: [...dy.shape.slice(0, 2), height, width], dtype: dy.dtype }];
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
    const [dy, dx] = [input(0), output(0)];
    const width = channels(dx.shape);
    dx.data.fill(0);
    forEachReplica(dx.shape, dy.shape, attrs, (innerRow, paddedRow) => {
      for (let c = 0; c < width; c++) addAt(dx, innerRow * width + c, at(dy, paddedRow * width + c));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x of pad_replicate from dy, which has the padded size. */
export function padReplicateBackward(dy: Value, { padding }: PaddingAttributes): Value {
  return emit(padReplicateBackwardOp, [dy], { padding });
}
