/** The sizes and orientations in which a segmentation network looks at one image. */
import { UsageError } from '@inplace-abn/core';
import { roundHalfEven, type Size } from '@inplace-abn/data';

/** `2048×1536` */
export function formatSize({ width, height }: Size): string {
  return `${width}×${height}`;
}

/** One look at the image: its size for the network, and whether it is mirrored left to right. */
export interface View extends Size {
  readonly mirrored: boolean;
}

/**
 * For each scale the image at that scale, sides rounded as Python rounds (halves to even), and with `flip`
 * its mirror image behind it. Throws UsageError for a scale that leaves nothing of the image.
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
