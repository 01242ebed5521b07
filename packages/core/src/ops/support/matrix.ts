/** Shared by the linear ops. */

import { dim, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** Throws ShapeError unless the operand is a matrix. */
export function checkMatrix(type: TensorType, name: string): void {
  if (type.shape.length !== 2)
    throw new ShapeError(`expected rank 2 for ${name} but received ${formatType(type)}`);
}

/** Calls `visit` with the indices of x [N,K], w [O,K] and y [N,O] for every product y += x·w. */
export function forEachMatrixProduct(
  x: Shape,
  weight: Shape,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [outputs, features] = [dim(weight, 0), dim(weight, 1)];
  for (let n = 0; n < dim(x, 0); n++) {
    for (let o = 0; o < outputs; o++) {
      for (let k = 0; k < features; k++) visit(n * features + k, o * features + k, n * outputs + o);
    }
  }
}
