import { ImageError } from './errors.js';
import type { Size } from './geometry.js';

/** Pixels that an image may have unless more are allowed: as most cameras make, and 0.4 GB decoded. */
export const MAX_PIXELS = 2 ** 27;

/** The most that can be allowed: an image and a resized copy fit into the 2 GiB that the kernels work in. */
export const MOST_PIXELS = 350_000_000;

/** Pixels that any photograph of these days has, whatever becomes of it. */
const PHOTOGRAPH_PIXELS = 2 ** 24;
/** Pixels of an image that one pixel of the result may be made of: with more, none of them can be seen there. */
const PIXELS_INTO_ONE = 128 * 128;

/**
 * Pixels that an image may have where images of this size are made of it, unless more are allowed: what they can be seen
 * to be made of, from 2^24 to 2^27.
 */
export function usefulPixels({ width, height }: Size): number {
  return Math.min(Math.max(PIXELS_INTO_ONE * width * height, PHOTOGRAPH_PIXELS), MAX_PIXELS);
}

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
