/** Shared by products of activations: shape rule, sizes, and the strides of each matrix. */
import { dim, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

export type MatmulAttributes = {
  readonly transpose_a: boolean;
  readonly transpose_b: boolean;
  /** True to sum the products of all batches. */
  readonly sum: boolean;
};

/** Strides in elements between batches, rows and columns. */
interface Strides {
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

/** c [M,N] = a [M,K] · b [K,N] for each of `batches`, after transposition. */
export interface MatmulShape {
  readonly batches: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly a: Strides;
  readonly b: Strides;
  readonly c: Strides;
}

/** Type of the product. Throws ShapeError if the ranks, inner sizes or batches do not match. */
export function productType(a: TensorType, b: TensorType, attrs: MatmulAttributes): TensorType {
  for (const [name, { shape }] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (shape.length === 2 || shape.length === 3) continue;
    throw new ShapeError(
      `expected a matrix, or a batch of them, for ${name} but received ${formatType(name === 'a' ? a : b)}`,
    );
  }
  const [m, k] = sizes(a.shape, attrs.transpose_a);
  const [rows, n] = sizes(b.shape, attrs.transpose_b);
  const [batches, others] = [batchesOf(a.shape), batchesOf(b.shape)];
  const fits = others === batches || (others === null && !attrs.sum);
  if (k !== rows || !fits) {
    throw new ShapeError(
      `${formatType(a)} and ${formatType(b)} cannot be multiplied: expected [M,K] and [K,N], or batches of them`,
    );
  }
  return { shape: batches === null || attrs.sum ? [m, n] : [batches, m, n], dtype: a.dtype };
}

export function matmulShape(a: Shape, b: Shape, c: Shape, attrs: MatmulAttributes): MatmulShape {
  const [m, k] = sizes(a, attrs.transpose_a);
  return {
    batches: batchesOf(a) ?? 1,
    m,
    k,
    n: sizes(b, attrs.transpose_b)[1],
    a: strides(a, attrs.transpose_a),
    b: strides(b, attrs.transpose_b),
    c: strides(c, false),
  };
}

function batchesOf(shape: Shape): number | null {
  return shape.length === 3 ? dim(shape, 0) : null;
}

function sizes(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = [dim(shape, shape.length - 2), dim(shape, shape.length - 1)];
  return transposed ? [columns, rows] : [rows, columns];
}

/** A matrix is stored row-major. Batches N×C×S are channels-last, so each matrix is stored column-major. */
function strides(shape: Shape, transposed: boolean): Strides {
  const [rows, columns] = sizes(shape, false);
  const batched = shape.length === 3;
  const [row, column] = batched ? [1, rows] : [columns, 1];
  const batch = batched ? rows * columns : 0;
  return transposed ? { batch, row: column, column: row } : { batch, row, column };
}

/** Calls `visit` with the storage indices of every product c += a·b. */
export function forEachBatchProduct(
  shape: MatmulShape,
  visit: (a: number, b: number, c: number) => void,
): void {
  const { a, b, c } = shape;
  for (let batch = 0; batch < shape.batches; batch++) {
    for (let i = 0; i < shape.m; i++) {
      for (let j = 0; j < shape.n; j++) {
        const at = batch * c.batch + i * c.row + j * c.column;
        for (let k = 0; k < shape.k; k++) {
          visit(batch * a.batch + i * a.row + k * a.column, batch * b.batch + k * b.row + j * b.column, at);
        }
      }
    }
  }
}
