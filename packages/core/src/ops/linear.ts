/** y = x·wᵀ + b (torch.nn.Linear). */

import { channels, type DType, dim, elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { linearBackwardData } from './linear_backward_data.js';
import { linearBackwardWeights } from './linear_backward_weights.js';
import { reduceRows } from './reduce_rows.js';
import { streamed } from './support/cost.js';
import { checkMatrix, forEachMatrixProduct } from './support/matrix.js';
import { addAt, at } from './support/reference.js';

export const linearOp: OpDefinition<NoAttributes> = {
  name: 'linear',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'weight', kind: 'float32', makesChannels: true },
    { name: 'bias', kind: 'float32', optional: true, makesChannels: true },
  ],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ input, inputs }) {
    const [x, weight] = [input(0), input(1)];
    checkMatrix(x, 'x');
    checkMatrix(weight, 'weight');
    if (channels(x.shape) !== channels(weight.shape)) {
      throw new ShapeError(`x ${formatType(x)} and weight ${formatType(weight)} differ in features`);
    }
    const features = dim(weight.shape, 0);
    if (inputs[2] && elements(inputs[2].shape) !== features) {
      throw new ShapeError(`expected ${features} features for bias but received ${formatType(inputs[2])}`);
    }
    return [{ shape: [dim(x.shape, 0), features], dtype: x.dtype }];
  },
  gradient({ input, diff, needs }) {
    // Emit dx before the weight gradient. The update must wait until dx has read the weight, so an earlier
    // weight gradient would only occupy memory.
    const dx = needs(0) ? linearBackwardData(diff(0), input(1)) : null;
    const dweight = needs(1) ? linearBackwardWeights(input(0), diff(0)) : null;
    const dbias = needs(2) ? reduceRows(diff(0)) : null;
    return [dx, dweight, dbias];
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
    const flops = 2 * elements(context.input(0).shape) * dim(context.input(1).shape, 0);
    return streamed(context, outputs, flops);
  },
  family: 'linear',
  reference({ inputs, input, output }) {
    const [x, weight, y] = [input(0), input(1), output(0)];
    const width = channels(y.shape);
    for (let i = 0; i < elements(y.shape); i++) y.data[i] = inputs[2] ? at(inputs[2], i % width) : 0;
    forEachMatrixProduct(x.shape, weight.shape, (xi, wi, yi) => addAt(y, yi, at(x, xi) * at(weight, wi)));
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/**
 * y = x·wᵀ + b for x [N,K], weight float32[O,K] and bias float32[O], like torch.nn.functional.linear; returns
 * [N,O].
 *
 * @throws ShapeError if x, weight and bias differ in features
 */
export function linear<D extends DType>(x: Value<D>, weight: Value, bias: Value | null): Value<D> {
  return emit(linearOp, [x, weight, bias], {}).as(x.dtype);
}
