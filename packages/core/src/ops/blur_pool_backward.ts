/** dx of blur_pool: each pixel gathers its share of the outputs that it contributed to. */
import { channels, dim, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { blurred, forEachBlurTap } from './support/blur.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages, type Pair } from './support/window.js';

/** `size`: height and width of dx. */
type BlurBackwardAttributes = { readonly size: readonly number[] };

export const blurPoolBackwardOp: OpDefinition<BlurBackwardAttributes> = {
  name: 'blur_pool_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkImages(dy, 'dy');
    const [height, width] = [dim(attrs.size, 0), dim(attrs.size, 1)];
    if (blurred(height) !== dim(dy.shape, 2) || blurred(width) !== dim(dy.shape, 3)) {
      throw new ShapeError(
        `expected dy for images of ${height}×${width} pixels but received ${formatType(dy)}`,
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
  reference({ input, output }) {
    const [dy, dx] = [input(0), output(0)];
    const width = channels(dx.shape);
    dx.data.fill(0);
    forEachBlurTap(dim(dx.shape, 0), dim(dx.shape, 2), dim(dx.shape, 3), (pixel, outPixel, share) => {
      for (let c = 0; c < width; c++) addAt(dx, pixel * width + c, share * at(dy, outPixel * width + c));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x of blur_pool from dy; `size`: height and width of x. */
export function blurPoolBackward(dy: Value, size: Pair): Value {
  return emit(blurPoolBackwardOp, [dy], { size });
}
