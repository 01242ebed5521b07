import sharp from 'sharp';
import { ImageError, reasonOf } from './errors.js';

export interface Thumbnail {
  readonly type: 'image/jpeg' | 'image/png';
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Up to this side PNG is small enough, and every pixel counts. */
const LOSSLESS_SIDE = 64;

/**
 * A small picture of an image file, upright and without transparency, as the loader reads it; its longer side at most `side` pixels; never enlarged.
 * @throws ImageError
 */
export async function makeThumbnail(path: string, side: number): Promise<Thumbnail> {
  try {
    const small = sharp(path)
      .autoOrient()
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .removeAlpha()
      .toColourspace('srgb');
    const { data, info } = await small.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const lossless = Math.max(width, height) <= LOSSLESS_SIDE;
    const pixels = sharp(data, { raw: { width, height, channels } });
    const encoded = lossless ? pixels.png() : pixels.jpeg({ quality: 78 });
    return { type: lossless ? 'image/png' : 'image/jpeg', data: await encoded.toBuffer(), width, height };
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
}
