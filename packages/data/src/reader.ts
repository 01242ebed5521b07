import { readContent } from './content.js';
import { decodeOnPool, decodeSmallPng } from './decode.js';
import type { Picture } from './image/image.js';
import { DamagedJpeg, Jpeg } from './jpeg/jpeg.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/**
 * Reads an image file and hands its picture to `use`, in the cheapest way: common JPEGs and small PNGs are decoded on
 * this thread, JPEGs only as far as `use` asks for pixels; whatever else an image may be goes to sharp. `use` is called
 * a second time, with sharp's picture, where a JPEG turns out to be damaged under way: the last word, and the words
 * for the error, are sharp's. An image of more than `maxPixels` (default: 2^27) is not decoded.
 * @throws ImageError
 */
export async function usePicture<T>(
  path: string,
  use: (picture: Picture) => T,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<T> {
  const content = readContent(path);
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
