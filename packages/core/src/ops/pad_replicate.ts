/** Pads images by repeating their border (torch.nn.functional.pad, mode 'replicate'). */

import { channels, type DType, dim } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { padReplicateBackward } from './pad_replicate_backward.js';
import { streamed } from './support/cost.js';
import {
  addedSize,
  checkPadding,
  forEachReplica,
  type Padding,
  type PaddingAttributes,
} from './support/padding.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';
import { checkImages } from './support/window.js';

export const padReplicateOp: OpDefinition<PaddingAttributes> = {
  name: 'pad_replicate',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const x = input(0);
    checkImages(x, 'x');
    checkPadding(attrs);
    const [height, width] = [dim(x.shape, 2), dim(x.shape, 3)];
    if (height < 1 || width < 1)
      throw new ShapeError(`an image of ${height}×${width} has no border to repeat`);
    const [rows, columns] = addedSize(attrs);
    return [{ shape: [...x.shape.slice(0, 2), height + rows, width + columns], dtype: x.dtype }];
  },
  gradient({ attrs, diff, needs }) {
    return [needs(0) ? padReplicateBackward(diff(0), attrs) : null];
  },
  overwrites: [],
  rows: ({ attrs }) => [{ ...SAME_ROW, padding: attrs.padding[0] ?? 0 }],
  inverses: [],
  absorb: null,
  slices: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 0),
  reference({ attrs, input, output }) {
    const [x, y] = [input(0), output(0)];
    const width = channels(x.shape);
    forEachReplica(x.shape, y.shape, attrs, (innerRow, paddedRow) => {
      for (let c = 0; c < width; c++) y.data[paddedRow * width + c] = at(x, innerRow * width + c);
    });
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/**
 * Pads x [N,C,H,W], any data dtype, by repeating its border: [N,C,top+H+bottom,left+W+right], like
 * torch.nn.functional.pad(x, (left, right, top, bottom), mode='replicate').
 *
 * @throws ShapeError if x is not N×C×H×W, has no pixels, or the padding is negative
 */
export function padReplicate<D extends DType>(x: Value<D>, { top, bottom, left, right }: Padding): Value<D> {
  return emit(padReplicateOp, [x], { padding: [top, bottom, left, right] }).as(x.dtype);
}
