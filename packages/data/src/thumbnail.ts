import { loadSharp } from './decode.js';
import { longestSideTo } from './geometry.js';
import type { Image, Picture } from './image/image.js';
import type { FilePart } from './labeled-files.js';
import { usePicture } from './reader.js';
import { cropAndResize } from './resample.js';

/** A small picture, encoded as JPEG or PNG. */
export interface Thumbnail {
  /** PNG up to 64 pixels a side, which keeps every pixel exact; JPEG above. */
  readonly type: 'image/jpeg' | 'image/png';
  /** The encoded file. */
  readonly data: Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** Up to this side PNG is small enough, and keeps every pixel exact. */
const LOSSLESS_SIDE = 64;

/**
 * Makes a thumbnail of an image file with the colors that the loader reads. Its longer side is at most `side`
 * pixels; it is never enlarged.
 * @throws ImageError
 */
export async function makeThumbnail(
  path: string,
  side: number,
  options: { maxPixels?: number; part?: FilePart } = {},
): Promise<Thumbnail> {
  return encodeThumbnail(await usePicture(path, (picture) => shrink(picture, side), options));
}

/** Encodes an image as it is: as a PNG where it is small, else as a JPEG. */
export async function encodeThumbnail({ data, width, height, channels }: Image): Promise<Thumbnail> {
  const sharp = await loadSharp();
  const pixels = sharp(data, { raw: { width, height, channels } });
  const lossless = Math.max(width, height) <= LOSSLESS_SIDE;
  const encoded = lossless ? pixels.png() : pixels.jpeg({ quality: 78 });
  return { type: lossless ? 'image/png' : 'image/jpeg', data: await encoded.toBuffer(), width, height };
}

function shrink(picture: Picture, side: number): Image {
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const large = Math.max(whole.width, whole.height) > side;
  const { width, height } = large ? longestSideTo(whole, side) : whole;
  return cropAndResize(picture, whole, width, height);
}
