/** The sizes and orientations at which a segmentation network predicts one image. */
import { UsageError } from '@inplace-abn/core';
import { roundHalfEven, type Size } from '@inplace-abn/data';

/** `2048×1536` */
export function formatSize({ width, height }: Size): string {
  return `${width}×${height}`;
}

/** One input for the network: its size, and whether it is mirrored left to right. */
export interface View extends Size {
  readonly mirrored: boolean;
}

/**
 * The views of an image: one per scale, with sides rounded half to even as in Python, and with `flip`
 * followed by its mirror image.
 *
 * @throws UsageError for a scale that leaves no pixels
 */
export function viewsOf({ width, height }: Size, scales: readonly number[], flip: boolean): View[] {
  return scales.flatMap((scale) => {
    const scaled = { width: roundHalfEven(width * scale), height: roundHalfEven(height * scale) };
    if (scaled.width < 1 || scaled.height < 1) {
      throw new UsageError(
        `scale ${scale} leaves ${formatSize(scaled)} pixels of an image of ${width}×${height}: leave it out`,
      );
    }
    const view = { ...scaled, mirrored: false };
    return flip ? [view, { ...view, mirrored: true }] : [view];
  });
}

/** RGB pixels mirrored left to right. */
export function mirrored(pixels: Uint8Array, { width, height }: Size): Uint8Array {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    let from = (y + 1) * width * 3;
    let to = y * width * 3;
    for (let x = 0; x < width; x++) {
      from -= 3;
      result[to] = pixels[from] as number;
      result[to + 1] = pixels[from + 1] as number;
      result[to + 2] = pixels[from + 2] as number;
      to += 3;
    }
  }
  return result;
}
