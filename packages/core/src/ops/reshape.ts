/** y = x with another shape and the same element order in memory. It copies nothing if y overwrites x. */
import { type DType, elements, formatType, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { imagesToRows, rowsToImages } from './flatten.js';
import { streamed } from './support/cost.js';
import { isRowMajor } from './support/row-major.js';

export type ReshapeAttributes = { readonly shape: readonly number[] };

export const reshapeOp: OpDefinition<ReshapeAttributes> = {
  name: 'reshape',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs: { shape }, input }) {
    const x = input(0);
    if (elements(shape) !== elements(x.shape)) {
      throw new ShapeError(`[${shape.join(',')}] does not have as many elements as ${formatType(x)}`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  gradient({ input, diff, needs }) {
    return [needs(0) ? viewed(diff(0), input(0).shape) : null];
  },
  overwrites: [{ output: 0, input: 0 }],
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
    output(0).data.set(input(0).data);
  },
  peerKeeps: { inputs: [], outputs: [], view: true },
};

/** x with another shape and the same elements in storage order. */
export function viewed<D extends DType>(x: Value<D>, shape: Shape): Value<D> {
  return sameShape(x.shape, shape) ? x : emit(reshapeOp, [x], { shape: [...shape] }).as(x.dtype);
}

/**
 * x with another shape and its elements in PyTorch's order, row-major over N, C, H, W (torch.reshape). One
 * size may be −1, which is inferred. Images are stored channels-last, so reshaping images with several pixels
 * and channels, such as [N,C,H,W] to [N,C·H·W] or back, transposes them. All other reshapes leave the
 * elements in order, and copy nothing if x is an activation that nothing reads afterwards.
 *
 * @throws ShapeError if the number of elements differs, or if x is the weight of a convolution
 */
export function reshape<D extends DType>(x: Value<D>, shape: Shape): Value<D> {
  if (x.kind === 'state' && x.shape.length > 2) {
    throw new ShapeError(`${x} is stored as a weight, not channels-last: it cannot be reshaped`);
  }
  const target = wholeShape(x, shape);
  if (sameShape(x.shape, target)) return x;
  const flat = isRowMajor(x.shape) ? x : imagesToRows(x);
  if (isRowMajor(target)) return viewed(flat, target);
  const [n = 1, ...rest] = target;
  return rowsToImages(viewed(flat, [n, elements(rest)]), target);
}

/**
 * x [N,C,S1,…] as [N,C·S1·…], like torch.flatten(x, 1), in PyTorch's order, so that PyTorch's linear weights
 * fit. Images with one pixel or one channel are already in that order.
 *
 * @throws ShapeError for a rank below 2
 */
export function flatten<D extends DType>(x: Value<D>): Value<D> {
  const [n = 1, ...rest] = x.shape;
  if (rest.length === 0) throw new ShapeError(`expected rank 2 or more but received ${x}`);
  return reshape(x, [n, elements(rest)]);
}

function wholeShape({ shape: own }: Value, shape: Shape): number[] {
  const known = elements(shape.filter((size) => size !== -1));
  const rest = shape.includes(-1) ? elements(own) / known : 1;
  const whole = shape.map((size) => (size === -1 ? rest : size));
  const valid = whole.every((size) => Number.isInteger(size) && size >= 0);
  if (valid && elements(whole) === elements(own)) return whole;
  throw new ShapeError(
    `[${own.join(',')}] cannot be reshaped to [${shape.join(',')}]: the numbers of elements differ`,
  );
}
