import { ImageError } from './errors.js';
import type { Size } from './geometry.js';

/** Pixels that an image may have unless more are allowed: as most cameras make, and 0.4 GB decoded. */
export const MAX_PIXELS = 2 ** 27;

/** The most that can be allowed: an image and a resized copy fit into the 2 GiB that the kernels work in. */
export const MOST_PIXELS = 350_000_000;

export function checkMaxPixels(maxPixels: number): void {
  if (!Number.isInteger(maxPixels) || maxPixels < 1 || maxPixels > MOST_PIXELS) {
    throw new RangeError(
      `Expected a whole number of pixels from 1 to ${MOST_PIXELS} for maxPixels but received ${maxPixels}`,
    );
  }
}

/** @throws ImageError with code `too-large` */
export function checkPixels({ width, height }: Size, maxPixels: number, path: string): void {
  if (width * height <= maxPixels) return;
  const few = width * height <= MOST_PIXELS;
  throw new ImageError(
    path,
    `it has ${width}×${height} pixels, more than maxPixels, ${maxPixels}: make it smaller${few ? ' or raise maxPixels' : ''}`,
    'too-large',
  );
}
