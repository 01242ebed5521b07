/** dx of bilinear resizing: distributes each dy over up to four input pixels, by their weights. */
import { channels, elements, type Shape } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { forEachBilinearTap, resized } from './support/bilinear.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages } from './support/window.js';

export type ResizeBilinearBackwardAttributes = {
  /** Height and width of dx. */
  readonly size: readonly number[];
};

export const resizeBilinearBackwardOp: OpDefinition<ResizeBilinearBackwardAttributes> = {
  name: 'resize_bilinear_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkImages(dy, 'dy');
    return [{ shape: resized(dy.shape, attrs.size), dtype: dy.dtype }];
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
  // Four multiplications and four additions per element of dy.
  cost: (context, outputs) => streamed(context, outputs, 8 * elements(context.input(0).shape)),
  reference({ input, output }) {
    const [dy, dx] = [input(0), output(0)];
    const width = channels(dx.shape);
    dx.data.fill(0);
    forEachBilinearTap(dx.shape, dy.shape, (inputRow, outputRow, weight) => {
      for (let c = 0; c < width; c++) addAt(dx, inputRow * width + c, weight * at(dy, outputRow * width + c));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H,W] of bilinear resizing; `size` is the input's [H,W]. */
export function resizeBilinearBackward(dy: Value, size: Shape): Value {
  return emit(resizeBilinearBackwardOp, [dy], { size });
}
