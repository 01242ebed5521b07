/**
 * Shared by bilinear resizing and its backward: the input positions that contribute to an output, along one
 * axis.
 */

import { dim, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** An input position and its weight in the output. */
export interface BilinearTap {
  readonly position: number;
  readonly weight: number;
}

/**
 * The taps of output position `o` along an axis resized from `from` to `to` positions, with half-pixel
 * centers (PyTorch's `align_corners=False`):
 *
 *     s = max(0, (o + ½)·from/to − ½)    i0 = ⌊s⌋    i1 = min(i0 + 1, from − 1)    λ = s − i0
 *     y[o] = (1 − λ)·x[i0] + λ·x[i1]
 *
 * Positions with weight zero are not read, so a NaN there has no effect.
 */
export function bilinearTapsAt(from: number, to: number, o: number): readonly BilinearTap[] {
  const source = Math.max(0, ((o + 0.5) * from) / to - 0.5);
  const low = Math.min(Math.floor(source), from - 1);
  const lambda = source - low;
  if (lambda === 0 || low === from - 1) return [{ position: low, weight: 1 }];
  return [
    { position: low, weight: 1 - lambda },
    { position: low + 1, weight: lambda },
  ];
}

/** The taps of every output position. */
function bilinearTaps(from: number, to: number): readonly (readonly BilinearTap[])[] {
  return Array.from({ length: to }, (_, o) => bilinearTapsAt(from, to, o));
}

/** Calls `visit` for every pair of output and input positions: rows of the matrices [N·H·W, C]. */
export function forEachBilinearTap(
  input: Shape,
  output: Shape,
  visit: (inputRow: number, outputRow: number, weight: number) => void,
): void {
  const down = bilinearTaps(dim(input, 2), dim(output, 2));
  const across = bilinearTaps(dim(input, 3), dim(output, 3));
  let outputRow = 0;
  for (let n = 0; n < dim(output, 0); n++) {
    for (const rowTaps of down) {
      for (const columnTaps of across) {
        for (const y of rowTaps) {
          const line = (n * dim(input, 2) + y.position) * dim(input, 3);
          for (const x of columnTaps) visit(line + x.position, outputRow, y.weight * x.weight);
        }
        outputRow++;
      }
    }
  }
}

/**
 * N×C×H×W with another height and width. Throws ShapeError if `size` is not two integers of at least 1, or if
 * the image has no pixels.
 */
export function resized(shape: Shape, size: Shape): number[] {
  if (size.length !== 2 || size.some((length) => !Number.isInteger(length) || length < 1)) {
    throw new ShapeError(
      `expected two whole numbers of at least 1, [height, width], for size but received [${size.join(', ')}]`,
    );
  }
  if (dim(shape, 2) < 1 || dim(shape, 3) < 1) {
    throw new ShapeError(`an image of ${shape.slice(2).join('×')} has no pixels to resize`);
  }
  return [...shape.slice(0, 2), ...size];
}
