/** Shared by the ops that cut and join rows of images (axis H). */

import { channels, dim, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { ReferenceTensor } from '../../ir/define.js';
import { at } from './reference.js';

/** `shape` (N×C×H×W) with another height. */
export function withHeight(shape: Shape, height: number): Shape {
  return shape.map((size, axis) => (axis === 2 ? height : size));
}

/**
 * Throws ShapeError unless [begin, begin + length) is a nonempty range of the rows of an image with that
 * height.
 */
export function checkRows(begin: number, length: number, height: number): void {
  const whole = Number.isInteger(begin) && Number.isInteger(length) && Number.isInteger(height);
  if (whole && begin >= 0 && length > 0 && begin + length <= height) return;
  throw new ShapeError(
    `expected a nonempty range within ${height} rows but received [${begin}, ${begin + length})`,
  );
}

/**
 * Copies `length` rows of each image of `from`, starting at row `source`, to `to`, starting at row `target`.
 */
export function copyRows(
  from: ReferenceTensor,
  source: number,
  to: ReferenceTensor,
  target: number,
  length: number,
): void {
  const row = channels(to.shape) * dim(to.shape, 3);
  for (let n = 0; n < dim(to.shape, 0); n++) {
    const first = (n * dim(from.shape, 2) + source) * row;
    const start = (n * dim(to.shape, 2) + target) * row;
    for (let i = 0; i < length * row; i++) to.data[start + i] = at(from, first + i);
  }
}
