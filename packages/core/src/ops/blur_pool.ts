/**
 * Anti-aliased downsampling by 2 (BlurPool, Zhang 2019): the filter [1, 2, 1] ⊗ [1, 2, 1] / 16 at every
 * second pixel.
 */
import { channels, type DType, dim, elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { blurPoolBackward } from './blur_pool_backward.js';
import { blurred, forEachBlurTap } from './support/blur.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages } from './support/window.js';

export const blurPoolOp: OpDefinition<NoAttributes> = {
  name: 'blur_pool',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ input }) {
    const x = input(0);
    checkImages(x, 'x');
    const [height, width] = [dim(x.shape, 2), dim(x.shape, 3)];
    if (height < 2 || width < 2) {
      throw new ShapeError(`expected images of at least 2×2 pixels for x but received ${formatType(x)}`);
    }
    return [{ shape: [...x.shape.slice(0, 2), blurred(height), blurred(width)], dtype: x.dtype }];
  },
  gradient({ input, diff, needs }) {
    const { shape } = input(0);
    return [needs(0) ? blurPoolBackward(diff(0), [dim(shape, 2), dim(shape, 3)]) : null];
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
  cost(context, outputs) {
    const written = outputs.reduce((sum, { shape }) => sum + elements(shape), 0);
    return streamed(context, outputs, 18 * written);
  },
  reference({ input, output }) {
    const [x, y] = [input(0), output(0)];
    const width = channels(x.shape);
    y.data.fill(0);
    forEachBlurTap(dim(x.shape, 0), dim(x.shape, 2), dim(x.shape, 3), (pixel, outPixel, share) => {
      for (let c = 0; c < width; c++) addAt(y, outPixel * width + c, share * at(x, pixel * width + c));
    });
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/**
 * Blurs x [N,C,H,W] and downsamples it to [N,C,⌈H/2⌉,⌈W/2⌉]. In PyTorch: F.pad(x, (1, 1, 1, 1), 'reflect')
 * and a depthwise convolution of stride 2 with the binomial 3×3 filter.
 *
 * @throws ShapeError if x is not N×C×H×W or is smaller than 2×2 pixels
 */
export function blurPool<D extends DType>(x: Value<D>): Value<D> {
  return emit(blurPoolOp, [x], {}).as(x.dtype);
}
