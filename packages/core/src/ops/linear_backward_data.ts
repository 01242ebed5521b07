/** dx = dy·w. */

import { channels, dim, elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { checkMatrix, forEachMatrixProduct } from './support/matrix.js';
import { addAt, at } from './support/reference.js';

export const linearBackwardDataOp: OpDefinition<NoAttributes> = {
  name: 'linear_backward_data',
  inputs: [
    { name: 'dy', kind: 'data' },
    { name: 'weight', kind: 'float32' },
  ],
  outputs: [{ name: 'dx', kind: 'data' }],
  infer({ input }) {
    const [dy, weight] = [input(0), input(1)];
    checkMatrix(dy, 'dy');
    checkMatrix(weight, 'weight');
    if (channels(dy.shape) !== dim(weight.shape, 0)) {
      throw new ShapeError(`dy ${formatType(dy)} and weight ${formatType(weight)} differ in features`);
    }
    return [{ shape: [dim(dy.shape, 0), channels(weight.shape)], dtype: dy.dtype }];
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
  cost(context, outputs) {
    const flops = 2 * elements(context.input(0).shape) * channels(context.input(1).shape);
    return streamed(context, outputs, flops);
  },
  family: 'linear',
  reference({ input, output }) {
    const [dy, weight, dx] = [input(0), input(1), output(0)];
    dx.data.fill(0);
    forEachMatrixProduct(dx.shape, weight.shape, (xi, wi, yi) => addAt(dx, xi, at(dy, yi) * at(weight, wi)));
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,K] from dy [N,O] and weight float32[O,K]. */
export function linearBackwardData(dy: Value, weight: Value): Value {
  return emit(linearBackwardDataOp, [dy, weight], {});
}
