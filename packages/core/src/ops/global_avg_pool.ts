/** Mean over height and width: [N,C,H,W] → [N,C]. */
import { channels, type DType, dim, elements, rows } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { globalAvgPoolBackward } from './global_avg_pool_backward.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages } from './support/window.js';

export const globalAvgPoolOp: OpDefinition<NoAttributes> = {
  name: 'global_avg_pool',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ input }) {
    const x = input(0);
    checkImages(x, 'x');
    return [{ shape: [dim(x.shape, 0), channels(x.shape)], dtype: x.dtype }];
  },
  gradient({ input, diff, needs }) {
    return [needs(0) ? globalAvgPoolBackward(diff(0), input(0).shape.slice(2)) : null];
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
  cost: (context, outputs) => streamed(context, outputs, elements(context.input(0).shape)),
  reference({ input, output }) {
    const [x, y] = [input(0), output(0)];
    const width = channels(x.shape);
    const area = dim(x.shape, 2) * dim(x.shape, 3);
    y.data.fill(0);
    for (let row = 0; row < rows(x.shape); row++) {
      const image = Math.floor(row / area);
      for (let c = 0; c < width; c++) addAt(y, image * width + c, at(x, row * width + c) / area);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Mean of x [N,C,H,W] over height and width: [N,C], like torch.nn.functional.adaptive_avg_pool2d with output
 * size 1.
 *
 * @throws ShapeError if x is not N×C×H×W
 */
export function globalAvgPool<D extends DType>(x: Value<D>): Value<D> {
  return emit(globalAvgPoolOp, [x], {}).as(x.dtype);
}
