/** c = a·b for two activations, which are matrices or batches of matrices (torch.matmul). */
import { type DType, elements } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { forEachBatchProduct, type MatmulAttributes, matmulShape, productType } from './support/matmul.js';
import { addAt, at } from './support/reference.js';

/**
 * The product without a gradient, as the backward pass uses it: of transposed matrices, or summed over the
 * batch.
 */
const productOp: OpDefinition<MatmulAttributes> = {
  name: 'matmul',
  inputs: [
    { name: 'a', kind: 'data' },
    { name: 'b', kind: 'data' },
  ],
  outputs: [{ name: 'c', kind: 'data' }],
  infer: ({ attrs, input }) => [productType(input(0), input(1), attrs)],
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
    const { attrs, input } = context;
    const { batches, m, k, n } = matmulShape(
      input(0).shape,
      input(1).shape,
      outputs[0]?.shape ?? [0, 0],
      attrs,
    );
    return streamed(context, outputs, 2 * batches * m * k * n);
  },
  reference({ attrs, input, output }) {
    const [a, b, c] = [input(0), input(1), output(0)];
    c.data.fill(0, 0, elements(c.shape));
    forEachBatchProduct(matmulShape(a.shape, b.shape, c.shape, attrs), (ai, bi, ci) =>
      addAt(c, ci, at(a, ai) * at(b, bi)),
    );
  },
  peerKeeps: KEEPS_NOTHING,
};

export const matmulOp: OpDefinition<MatmulAttributes> = {
  ...productOp,
  gradient({ input, diff, needs }) {
    const [a, b] = [input(0), input(1)];
    const shared = a.shape.length > b.shape.length;
    const [da, db] = [
      { ...PLAIN, transpose_b: true },
      { ...PLAIN, transpose_a: true, sum: shared },
    ];
    return [
      needs(0) ? emit(productOp, [diff(0), b], da) : null,
      needs(1) ? emit(productOp, [a, diff(0)], db) : null,
    ];
  },
  peerKeeps: { inputs: [0, 1], outputs: [] },
};

const PLAIN: MatmulAttributes = { transpose_a: false, transpose_b: false, sum: false };

/**
 * Matrix product, like torch.matmul: [M,K]·[K,N] = [M,N]. For batches, [B,M,K]·[B,K,N] = [B,M,N], where b may
 * also be one matrix [K,N] for all batches.
 *
 * @throws ShapeError if the ranks, inner sizes or batches do not match
 */
export function matmul<D extends DType>(a: Value<D>, b: Value): Value<D> {
  return emit(matmulOp, [a, b], PLAIN).as(a.dtype);
}
