/**
 * Sum of the rows of x in a balanced tree: rows 0 + 1, 2 + 3, …, then these sums in pairs, and so on. Summing
 * blocks of 2, 4, 8, … neighboring rows first, and then the sums of the blocks, gives the same bits.
 */
import { type DType, dim, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type TreeSumAttributes = {
  /** Number of rows of equal length in x: a power of two, at most MOST_ROWS. */
  readonly rows: number;
};

/** Largest number of rows that one op sums. */
export const MOST_ROWS = 64;

export const treeSumOp: OpDefinition<TreeSumAttributes> = {
  name: 'tree_sum',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'sum', kind: 'any' }],
  infer({ attrs, input }) {
    const x = input(0);
    checkRows(x, attrs.rows);
    return [{ shape: [elements(x.shape) / attrs.rows], dtype: x.dtype }];
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
  reference({ attrs, input, output }) {
    const x = input(0);
    const sum = output(0);
    const length = dim(sum.shape, 0);
    const tree = (i: number, first: number, count: number): number => {
      if (count === 1) return at(x, first * length + i);
      return tree(i, first, count / 2) + tree(i, first + count / 2, count / 2);
    };
    for (let i = 0; i < length; i++) sum.data[i] = tree(i, 0, attrs.rows);
  },
  peerKeeps: KEEPS_NOTHING,
};

function checkRows(x: TensorType, rows: number): void {
  if (x.dtype !== 'float32' && x.dtype !== 'int32') {
    throw new ShapeError(`expected float32 or int32 but received ${formatType(x)}`);
  }
  const power = Number.isInteger(rows) && rows >= 1 && rows <= MOST_ROWS && Number.isInteger(Math.log2(rows));
  if (power && elements(x.shape) % rows === 0) return;
  throw new ShapeError(
    `expected rows to be a power of two up to ${MOST_ROWS} that divides the elements of ${formatType(x)} but received ${rows}`,
  );
}

/**
 * The sum [K] of the `rows` rows of x, float32 or int32, which holds rows·K elements in any shape.
 *
 * @throws ShapeError if `rows` is not a power of two up to {@link MOST_ROWS}, or does not divide the elements
 * of x
 */
export function treeSum<D extends DType>(x: Value<D>, rows: number): Value<D> {
  const kind = x.kind === 'gradient' ? 'gradient' : 'activation';
  return emit(treeSumOp, [x], { rows }, { kinds: [kind] }).as(x.dtype);
}
