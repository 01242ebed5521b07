/** How tensors lie in one flat vector: each at a multiple of 16 elements, the gaps zero. */

import { elements, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** Elements of a cache line: kernels find what lies in a flat vector as well aligned as what has a buffer of its own. */
const ALIGNMENT = 16;

/** Where each of the shapes begins, and how long the vector is. */
export function flatLayout(shapes: readonly Shape[]): { begins: number[]; length: number } {
  let length = 0;
  const begins = shapes.map((shape) => {
    const begin = length;
    length += Math.ceil(elements(shape) / ALIGNMENT) * ALIGNMENT;
    return begin;
  });
  return { begins, length };
}

/** Shapes as an attribute: rank and dimensions of each, one after the other. */
export function encodeShapes(shapes: readonly Shape[]): number[] {
  return shapes.flatMap((shape) => [shape.length, ...shape]);
}

export function decodeShapes(encoded: readonly number[]): Shape[] {
  const shapes: Shape[] = [];
  for (let at = 0; at < encoded.length; ) {
    const rank = encoded[at] ?? 0;
    const shape = encoded.slice(at + 1, at + 1 + rank);
    if (shape.length !== rank) throw new ShapeError(`[${encoded.join(',')}] are no shapes`);
    shapes.push(shape);
    at += 1 + rank;
  }
  return shapes;
}
