/**
 * Converts uint8 RGB images to a data dtype. Each image has its own affine map of [R, G, B, 1], with R, G and
 * B in [0, 1]: normalization, color jitter and lighting noise, composed into one 3×4 matrix.
 */
import { channels, type DataDType, dim, formatType, rows } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { checkImages } from './support/window.js';

export type ColorTransformAttributes = {
  /** Output dtype, which cannot be inferred from the operands. */
  readonly dtype: DataDType;
};

export const colorTransformOp: OpDefinition<ColorTransformAttributes> = {
  name: 'color_transform',
  inputs: [
    { name: 'images', kind: 'uint8' },
    { name: 'color', kind: 'float32' },
  ],
  outputs: [{ name: 'x', kind: 'data' }],
  infer({ attrs, input }) {
    const [images, color] = [input(0), input(1)];
    checkImages(images, 'images');
    if (channels(images.shape) !== 3)
      throw new ShapeError(`expected 3 channels but received ${formatType(images)}`);
    if (
      color.shape.length !== 2 ||
      dim(color.shape, 0) !== dim(images.shape, 0) ||
      dim(color.shape, 1) !== 12
    ) {
      throw new ShapeError(
        `expected [${dim(images.shape, 0)},12] for color but received ${formatType(color)}`,
      );
    }
    return [{ shape: images.shape, dtype: attrs.dtype }];
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
    const [images, color, x] = [input(0), input(1), output(0)];
    const area = dim(x.shape, 2) * dim(x.shape, 3);
    for (let row = 0; row < rows(x.shape); row++) {
      const matrix = Math.floor(row / area) * 12;
      for (let c = 0; c < 3; c++) {
        let sum = at(color, matrix + c * 4 + 3);
        for (let k = 0; k < 3; k++) sum += at(color, matrix + c * 4 + k) * (at(images, row * 3 + k) / 255);
        x.data[row * 3 + c] = sum;
      }
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Maps the pixels of images, uint8 [N,3,H,W] scaled to [0, 1], by color, float32[N,12]: a row-major 3×4
 * matrix per image. Returns [N,3,H,W] in `dtype`, default float32.
 *
 * @throws ShapeError if the images do not have 3 channels, or `color` has another shape
 */
export function colorTransform(images: Value, color: Value): Value<'float32'>;
export function colorTransform<D extends ColorTransformAttributes['dtype']>(
  images: Value,
  color: Value,
  dtype: D,
): Value<D>;
export function colorTransform(
  images: Value,
  color: Value,
  dtype: ColorTransformAttributes['dtype'] = 'float32',
): Value {
  return emit(colorTransformOp, [images, color], { dtype });
}
