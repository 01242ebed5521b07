import { decodeBmp, isBmp } from './bmp.js';
import { readContent } from './content.js';
import { decodeOnPool, decodeSmallPng } from './decode.js';
import type { Picture } from './image/image.js';
import { DamagedJpeg, Jpeg } from './jpeg/jpeg.js';
import type { FilePart } from './labeled-files.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/**
 * Reads an image file and passes its picture to `use`. Common JPEGs and small PNGs are decoded on this
 * thread, JPEGs only as far as `use` asks for pixels; everything else goes to sharp. If a JPEG turns out to
 * be damaged halfway, `use` runs a second time with sharp's picture, so that sharp decides and words the
 * error. An image of more than `maxPixels` (default 2^27) is not decoded.
 * @throws ImageError
 */
export async function usePicture<T>(
  path: string,
  use: (picture: Picture) => T,
  { part, ...options }: { maxPixels?: number; part?: FilePart } = {},
): Promise<T> {
  return usePictureOf(readContent(path, part), path, use, options);
}

/** The same for content that has been read; `path` names it in errors. */
export async function usePictureOf<T>(
  content: Buffer,
  path: string,
  use: (picture: Picture) => T,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<T> {
  if (isBmp(content)) return use(decodeBmp(content, path, maxPixels));
  const picture = Jpeg.open(content) ?? decodeSmallPng(content);
  if (picture) {
    checkPixels(picture, maxPixels, path);
    try {
      return use(picture);
    } catch (error) {
      if (!(error instanceof DamagedJpeg)) throw error;
    }
  }
  return use(await decodeOnPool(content, path, { maxPixels }));
}
