/** Layout of tensors in a flat vector: each starts at a multiple of 16 elements, and gaps are zero. */

import { elements, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** Elements per cache line, so that tensors in a flat vector are as well aligned as separate buffers. */
export const ALIGNMENT = 16;

/** Start of each shape, and the length of the vector. */
export function flatLayout(shapes: readonly Shape[]): { begins: number[]; length: number } {
  let length = 0;
  const begins = shapes.map((shape) => {
    const begin = length;
    length += Math.ceil(elements(shape) / ALIGNMENT) * ALIGNMENT;
    return begin;
  });
  return { begins, length };
}

/** Shapes as an attribute: rank and dimensions of each, concatenated. */
export function encodeShapes(shapes: readonly Shape[]): number[] {
  return shapes.flatMap((shape) => [shape.length, ...shape]);
}

export function decodeShapes(encoded: readonly number[]): Shape[] {
  const shapes: Shape[] = [];
  for (let at = 0; at < encoded.length; ) {
    const rank = encoded[at] ?? 0;
    const shape = encoded.slice(at + 1, at + 1 + rank);
    if (shape.length !== rank) throw new ShapeError(`[${encoded.join(',')}] is not a list of shapes`);
    shapes.push(shape);
    at += 1 + rank;
  }
  return shapes;
}
