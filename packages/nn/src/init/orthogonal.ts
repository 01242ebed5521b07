import { elements, type Shape } from '@inplace-abn/core';
import { normalStream } from '../random.js';

/** Vectors orthogonalized together, so that each earlier vector is read once for all of them. */
const PANEL = 4;

/**
 * torch.nn.init.orthogonal: the weight as a matrix [out, rest] with orthonormal rows (or columns, whichever
 * are fewer) times `gain`, uniformly distributed. Gram–Schmidt on normal draws; in double precision one pass
 * is exact to float32, because such draws are well conditioned.
 */
export function orthogonal(
  shape: Shape,
  uniform: () => number,
  gain: number,
  weight: Float32Array = new Float32Array(elements(shape)),
): Float32Array {
  const rows = shape[0] ?? 1;
  const columns = elements(shape) / rows;
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
  const draw = normalStream(uniform);
  const vectors = Array.from({ length: count }, () => Float64Array.from({ length }, draw));
  for (let first = 0; first < count; first += PANEL) {
    const panel = vectors.slice(first, first + PANEL);
    for (const unit of vectors.slice(0, first)) removeFromPanel(unit, panel);
    for (const [index, vector] of panel.entries()) {
      for (const unit of panel.slice(0, index)) remove(unit, vector);
      normalize(vector);
    }
  }
  for (const [index, vector] of vectors.entries()) {
    const [start, step] = rows <= columns ? [index * columns, 1] : [index, columns];
    for (let i = 0; i < length; i++) weight[start + i * step] = gain * at(vector, i);
  }
  return weight;
}

/** Subtracts the component along `unit` from every vector of the panel. */
function removeFromPanel(unit: Float64Array, panel: readonly Float64Array[]): void {
  const [a, b, c, d] = panel;
  if (!a || !b || !c || !d) {
    for (const vector of panel) remove(unit, vector);
    return;
  }
  let [alongA, alongB, alongC, alongD] = [0, 0, 0, 0];
  for (let i = 0; i < unit.length; i++) {
    const u = at(unit, i);
    alongA += u * at(a, i);
    alongB += u * at(b, i);
    alongC += u * at(c, i);
    alongD += u * at(d, i);
  }
  for (let i = 0; i < unit.length; i++) {
    const u = at(unit, i);
    a[i] = at(a, i) - alongA * u;
    b[i] = at(b, i) - alongB * u;
    c[i] = at(c, i) - alongC * u;
    d[i] = at(d, i) - alongD * u;
  }
}

function remove(unit: Float64Array, vector: Float64Array): void {
  const along = dot(unit, vector);
  for (let i = 0; i < unit.length; i++) vector[i] = at(vector, i) - along * at(unit, i);
}

function normalize(vector: Float64Array): void {
  const norm = Math.sqrt(dot(vector, vector));
  for (let i = 0; i < vector.length; i++) vector[i] = at(vector, i) / norm;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += at(a, i) * at(b, i);
  return sum;
}

function at(array: Float64Array, i: number): number {
  return array[i] as number;
}
