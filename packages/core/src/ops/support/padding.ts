/** Shared by padding and its backward. */

import { dim, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** Rows and columns added on each side. */
export interface Padding {
  /** Rows. */
  readonly top: number;
  /** Rows. */
  readonly bottom: number;
  /** Columns. */
  readonly left: number;
  /** Columns. */
  readonly right: number;
}

export type PaddingAttributes = {
  /** [top, bottom, left, right] */
  readonly padding: readonly number[];
};

/** Throws ShapeError unless the padding is four non-negative integers. */
export function checkPadding({ padding }: PaddingAttributes): void {
  if (padding.length !== 4 || padding.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new ShapeError(
      `expected whole numbers of at least 0 for padding, [top, bottom, left, right], but received [${padding.join(', ')}]`,
    );
  }
}

/** Number of rows and columns that the padding adds. */
export function addedSize({ padding }: PaddingAttributes): [number, number] {
  return [dim(padding, 0) + dim(padding, 1), dim(padding, 2) + dim(padding, 3)];
}

/**
 * Calls `visit` for every pixel of the padded images and the original pixel that it repeats: rows of the
 * matrices [N·H·W, C].
 */
export function forEachReplica(
  inner: Shape,
  padded: Shape,
  { padding }: PaddingAttributes,
  visit: (innerRow: number, paddedRow: number) => void,
): void {
  const nearest = (position: number, size: number) => Math.min(Math.max(position, 0), size - 1);
  const [height, width] = [dim(inner, 2), dim(inner, 3)];
  let row = 0;
  for (let n = 0; n < dim(padded, 0); n++) {
    for (let h = 0; h < dim(padded, 2); h++) {
      const line = (n * height + nearest(h - dim(padding, 0), height)) * width;
      for (let w = 0; w < dim(padded, 3); w++) visit(line + nearest(w - dim(padding, 2), width), row++);
    }
  }
}
