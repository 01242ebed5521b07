/**
 * Bilinear resizing of images with half-pixel centers and no antialiasing (torch.nn.functional.interpolate,
 * mode 'bilinear', align_corners=False). Resizing to the same size copies the image.
 */
import { channels, type DType, elements } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { resizeBilinearBackward } from './resize_bilinear_backward.js';
import { forEachBilinearTap, resized } from './support/bilinear.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages, type Pair } from './support/window.js';

export type ResizeBilinearAttributes = {
  /** Height and width of y. */
  readonly size: readonly number[];
};

export const resizeBilinearOp: OpDefinition<ResizeBilinearAttributes> = {
  name: 'resize_bilinear',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const x = input(0);
    checkImages(x, 'x');
    return [{ shape: resized(x.shape, attrs.size), dtype: x.dtype }];
  },
  gradient({ input, diff, needs }) {
    return [needs(0) ? resizeBilinearBackward(diff(0), input(0).shape.slice(2)) : null];
  },
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  // Four multiplications and three additions per element of y.
  cost(context, outputs) {
    const written = outputs.reduce((sum, type) => sum + elements(type.shape), 0);
    return streamed(context, outputs, 7 * written);
  },
  reference({ input, output }) {
    const [x, y] = [input(0), output(0)];
    const width = channels(x.shape);
    y.data.fill(0);
    forEachBilinearTap(x.shape, y.shape, (inputRow, outputRow, weight) => {
      for (let c = 0; c < width; c++) addAt(y, outputRow * width + c, weight * at(x, inputRow * width + c));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Resizes x [N,C,H,W], any data dtype (computed in float32), to `size`: [N,C,size[0],size[1]], like
 * torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False).
 *
 * @throws ShapeError if x is not N×C×H×W, has no pixels, or `size` is not two integers of at least 1
 */
export function resizeBilinear<D extends DType>(x: Value<D>, size: Pair): Value<D> {
  return emit(resizeBilinearOp, [x], { size }).as(x.dtype);
}
