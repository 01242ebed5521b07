// Nearest neighbor with the rounding of PIL's `resize(size, NEAREST)`: src = floor((dst + ½) · in / out). The
// value is summed as PIL does, since rounding errors decide where the exact value is an integer. Source:
// Pillow, src/libImaging/Geometry.c (`ImagingScaleAffine`).

import type { Size } from './geometry.js';

/** For each of `outSize` positions, the input position in [0, inSize) that it copies. */
export function nearestPositions(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize;
  const positions = new Int32Array(outSize);
  let exact = step * 0.5;
  for (let i = 0; i < outSize; i++) {
    positions[i] = Math.min(Math.trunc(exact), inSize - 1);
    exact += step;
  }
  return positions;
}

/**
 * Resizes a row-major map of one byte per pixel without mixing values, so class ids stay class ids.
 * @throws RangeError if `map` does not have the size `from`, or a side of `to` is below 1
 */
export function resizeNearest(map: Uint8Array, from: Size, to: Size): Uint8Array {
  if (map.length !== from.width * from.height) {
    throw new RangeError(
      `Expected ${from.width}×${from.height} = ${from.width * from.height} bytes for map but received ${map.length}`,
    );
  }
  for (const [side, value] of Object.entries({ width: to.width, height: to.height })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Expected a whole number of pixels above 0 for to.${side} but received ${value}`);
    }
  }
  const columns = nearestPositions(from.width, to.width);
  const rows = nearestPositions(from.height, to.height);
  const resized = new Uint8Array(to.width * to.height);
  let at = 0;
  for (const row of rows) {
    const start = row * from.width;
    for (const column of columns) resized[at++] = map[start + column] as number;
  }
  return resized;
}
