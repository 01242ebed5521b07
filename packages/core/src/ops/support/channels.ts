/** Shared by the ops that join and cut channels. */

import { channels, formatType, rows, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { ReferenceTensor } from '../../ir/define.js';
import { at } from './reference.js';

/** `shape` with another number of channels. */
export function withChannels(shape: Shape, width: number): Shape {
  return shape.map((size, axis) => (axis === 1 ? width : size));
}

export function checkHasChannels(type: TensorType, name: string): void {
  if (type.shape.length < 2) {
    throw new ShapeError(`expected rank 2 or more for ${name} but received ${formatType(type)}`);
  }
}

/** Throws ShapeError unless [begin, begin + length) is a nonempty range of `width` channels. */
export function checkSlice(begin: number, length: number, width: number): void {
  const whole = Number.isInteger(begin) && Number.isInteger(length);
  if (whole && begin >= 0 && length > 0 && begin + length <= width) return;
  throw new ShapeError(
    `expected a nonempty range within ${width} channels but received [${begin}, ${begin + length})`,
  );
}

/**
 * Copies `length` channels of `from`, starting at channel `source`, to `to`, starting at channel `target`.
 */
export function copyChannels(
  from: ReferenceTensor,
  source: number,
  to: ReferenceTensor,
  target: number,
  length: number,
): void {
  const [fromWidth, toWidth] = [channels(from.shape), channels(to.shape)];
  for (let row = 0; row < rows(to.shape); row++) {
    for (let c = 0; c < length; c++) {
      to.data[row * toWidth + target + c] = at(from, row * fromWidth + source + c);
    }
  }
}
