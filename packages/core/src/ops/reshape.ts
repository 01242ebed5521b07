/** y = x in another shape with the same order of elements in memory: where y takes x's memory, nothing moves. */
import { elements, formatType, type Shape, sameShape } from '@inplace-abn/tensor';
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
      throw new ShapeError(`[${shape.join(',')}] has not as many elements as ${formatType(x)}`);
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

/** x with the same elements in memory in another shape. */
export function viewed(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : emit(reshapeOp, [x], { shape: [...shape] });
}

/**
 * x in another shape, its elements in PyTorch's order (torch.reshape): row-major over N, C, H, W. One size may be −1: what is
 * left. Images lie in memory with the channels last, so that images of several pixels and channels move: [N,C,H,W] to [N,C·H·W]
 * is a transposition, and so is the way back. All else is a view, which takes the memory of x where nothing reads x
 * afterwards. Throws ShapeError where the numbers of elements differ, and for weights with a window.
 */
export function reshape(x: Value, shape: Shape): Value {
  if (x.kind === 'state' && x.shape.length > 2) {
    throw new ShapeError(`${x} is stored as a weight, not as images are: it has no other shape`);
  }
  const target = wholeShape(x, shape);
  if (sameShape(x.shape, target)) return x;
  const flat = isRowMajor(x.shape) ? x : imagesToRows(x);
  if (isRowMajor(target)) return viewed(flat, target);
  const [n = 1, ...rest] = target;
  return rowsToImages(viewed(flat, [n, elements(rest)]), target);
}

/**
 * x [N,C,S1,…] as [N,C·S1·…], as torch.flatten(x, 1): in PyTorch's order, so that the weights of a linear layer behind it are
 * the same. Images of one pixel or one channel do not move.
 */
export function flatten(x: Value): Value {
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
