import { elements, type Shape } from '@inplace-abn/core';
import { normalStream } from '../random.js';

/**
 * torch.nn.init.orthogonal: the weight as a matrix [out, rest] with orthonormal rows (or columns, whichever are
 * fewer) times `gain`, by modified Gram–Schmidt on normal draws.
 */
export function orthogonal(shape: Shape, uniform: () => number, gain: number): Float32Array {
  const rows = shape[0] ?? 1;
  const columns = elements(shape) / rows;
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
  const draw = normalStream(uniform);
  const basis: Float64Array[] = [];
  for (let i = 0; i < count; i++) basis.push(orthonormalTo(basis, length, draw));
  const weight = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = rows <= columns ? basis[row]?.[column] : basis[column]?.[row];
      weight[row * columns + column] = gain * (value ?? 0);
    }
  }
  return weight;
}

/** A unit vector orthogonal to `basis`; twice, since one pass loses digits when vectors are many. */
function orthonormalTo(basis: readonly Float64Array[], length: number, draw: () => number): Float64Array {
  const vector = Float64Array.from({ length }, draw);
  for (let pass = 0; pass < 2; pass++) {
    for (const other of basis) {
      const along = dot(vector, other);
      for (let i = 0; i < length; i++) vector[i] = (vector[i] ?? 0) - along * (other[i] ?? 0);
    }
  }
  const norm = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / norm);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
