/** dw = dyᵀ·x. */

import { channels, dim, elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { sliceChannels } from './slice_channels.js';
import { streamed } from './support/cost.js';
import { checkMatrix, forEachMatrixProduct } from './support/matrix.js';
import { addAt, at } from './support/reference.js';

export const linearBackwardWeightsOp: OpDefinition<NoAttributes> = {
  name: 'linear_backward_weights',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'dy', kind: 'data' },
  ],
  outputs: [{ name: 'dweight', kind: 'float32' }],
  infer({ input }) {
    const [x, dy] = [input(0), input(1)];
    checkMatrix(x, 'x');
    checkMatrix(dy, 'dy');
    if (dim(x.shape, 0) !== dim(dy.shape, 0)) {
      throw new ShapeError(`x ${formatType(x)} and dy ${formatType(dy)} differ in rows`);
    }
    return [{ shape: [channels(dy.shape), channels(x.shape)], dtype: 'float32' }];
  },
  gradient: null,
  overwrites: [],
  parts: {
    make: ({ input }, { begin, length }) =>
      linearBackwardWeights(input(0), sliceChannels(input(1), begin, length)),
    update: null,
  },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  labels: null,
  effects: PURE,
  cost(context, outputs) {
    const flops = 2 * elements(context.input(0).shape) * channels(context.input(1).shape);
    return streamed(context, outputs, flops);
  },
  family: 'linear',
  reference({ input, output }) {
    const [x, dy, dweight] = [input(0), input(1), output(0)];
    dweight.data.fill(0);
    forEachMatrixProduct(x.shape, dweight.shape, (xi, wi, yi) => {
      addAt(dweight, wi, at(x, xi) * at(dy, yi));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂w float32[O,K] from x [N,K] and dy [N,O]. */
export function linearBackwardWeights(x: Value, dy: Value): Value {
  return emit(linearBackwardWeightsOp, [x, dy], {});
}
