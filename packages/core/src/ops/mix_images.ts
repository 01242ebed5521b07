/**
 * Mixes pairs of images: image i with image p = partners[i].
 *
 *     box i is empty (mixup):  λ_i·x_i + (1 − λ_i)·x_p
 *     otherwise (CutMix):      x_p inside box i, x_i outside
 */

import { dim, formatType, type Shape, sameShape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { checkImages } from './support/window.js';

export const mixImagesOp: OpDefinition<NoAttributes> = {
  name: 'mix_images',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'partners', kind: 'int32' },
    { name: 'lambda', kind: 'float32' },
    { name: 'boxes', kind: 'int32' },
  ],
  outputs: [{ name: 'mixed', kind: 'data' }],
  infer({ input }) {
    const [x, partners] = [input(0), input(1)];
    checkImages(x, 'x');
    const [images = 0] = partners.shape;
    if (partners.shape.length !== 1 || images > dim(x.shape, 0)) {
      throw new ShapeError(
        `expected partners of at most ${dim(x.shape, 0)} images but received ${formatType(partners)}`,
      );
    }
    checkShape('lambda', input(2), [images]);
    checkShape('boxes', input(3), [images, 4]);
    return [{ shape: [images, ...x.shape.slice(1)], dtype: x.dtype }];
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
    const [x, partners, lambda, boxes, mixed] = [input(0), input(1), input(2), input(3), output(0)];
    const [images, channels, height, width] = [0, 1, 2, 3].map((axis) => dim(mixed.shape, axis)) as [
      number,
      number,
      number,
      number,
    ];
    const size = channels * height * width;
    for (let n = 0; n < images; n++) {
      const other = at(partners, n);
      const inRange = other >= 0 && other < dim(x.shape, 0);
      const [top, left, bottom, right] = [0, 1, 2, 3].map((side) => at(boxes, 4 * n + side)) as [
        number,
        number,
        number,
        number,
      ];
      const boxed = bottom > top && right > left;
      const factor = boxed ? 1 : at(lambda, n);
      for (let i = 0; i < size; i++) {
        const pixel = Math.floor(i / channels);
        const [row, column] = [Math.floor(pixel / width), pixel % width];
        const inside = boxed && row >= top && row < bottom && column >= left && column < right;
        const own = at(x, n * size + i);
        const share = inside ? 0 : factor;
        mixed.data[n * size + i] =
          share === 1 || !inRange ? own : share * own + (1 - share) * at(x, other * size + i);
      }
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

function checkShape(name: string, type: TensorType, expected: Shape): void {
  if (sameShape(type.shape, expected)) return;
  throw new ShapeError(`expected [${expected.join(',')}] for ${name} but received ${formatType(type)}`);
}

/** How images are mixed: see {@link mixImages}. */
export interface MixOperands {
  /** int32[N]: index in x of each image's partner. With an index outside x, the image is not mixed. */
  readonly partners: Value;
  /** float32[N]: weight λ of the image itself; unused if its box is not empty. */
  readonly lambda: Value;
  /**
   * int32[N,4]: top, left, bottom and right of the pixels taken from the partner, exclusive of bottom and
   * right.
   */
  readonly boxes: Value;
}

/**
 * The first N images of x [R,C,H,W], each mixed with its partner, one of the R images; returns [N,C,H,W] in
 * x's dtype. If an image's box is empty, the result is λ·own + (1 − λ)·other. Otherwise the pixels inside the
 * box are the partner's. With λ = 1 and an empty box, an image keeps its bits. The op has no gradient rule.
 *
 * @throws ShapeError if x is not N×C×H×W, has fewer than N images, or lambda and boxes do not match partners
 */
export function mixImages(x: Value, { partners, lambda, boxes }: MixOperands): Value {
  return emit(mixImagesOp, [x, partners, lambda, boxes], {});
}
