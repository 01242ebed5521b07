import { ImageError } from './errors.js';
import type { Size } from './geometry.js';

/** Default pixel limit: enough for most cameras, 0.4 GB decoded. */
export const MAX_PIXELS = 2 ** 27;

/** The highest limit: an image and its resized copy must fit into the 2 GiB of kernel memory. */
export const MOST_PIXELS = 350_000_000;

/** Any photograph may have this many pixels, however small the result. */
const PHOTOGRAPH_PIXELS = 2 ** 24;
/** Input pixels per output pixel. With more, no single input pixel is visible in the result. */
const PIXELS_INTO_ONE = 128 * 128;

/**
 * The default pixel limit for images that are resized to this size: 128² per output pixel, between 2^24 and
 * 2^27.
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
