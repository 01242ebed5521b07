import { createHash } from 'node:crypto';
import { decodeBmp, isBmp } from './bmp.js';
import { placedIn, readContent } from './content.js';
import { decodeOnPool, decodeSmallPng } from './decode.js';
import type { DecodedCache } from './decoded-cache.js';
import type { Image, Picture } from './image/image.js';
import { DamagedJpeg, Jpeg } from './jpeg/jpeg.js';
import type { FilePart } from './labeled-files.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';
import type { Room } from './wasm/room.js';

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
  options: { maxPixels?: number; part?: FilePart; cache?: DecodedCache } = {},
): Promise<T> {
  return usePictureIn(undefined, path, use, options);
}

/** The same for a file that is read into `room`, if there is one. */
export async function usePictureIn<T>(
  room: Room | undefined,
  path: string,
  use: (picture: Picture) => T,
  { part, ...options }: { maxPixels?: number; part?: FilePart; cache?: DecodedCache },
): Promise<T> {
  const content = readContent(path, part, room);
  try {
    return await usePictureOf(content, path, use, options);
  } catch (error) {
    throw placedIn(part, error);
  }
}

/** The same for content that has been read; `path` names it in errors. */
export async function usePictureOf<T>(
  content: Buffer,
  path: string,
  use: (picture: Picture) => T,
  { maxPixels = MAX_PIXELS, cache }: { maxPixels?: number; cache?: DecodedCache } = {},
): Promise<T> {
  if (isBmp(content)) return use(decodeBmp(content, path, maxPixels));
  const small = decodeSmallPng(content);
  if (small) {
    checkPixels(small, maxPixels, path);
    return use(small);
  }
  const key = cache && createHash('sha256').update(content).digest();
  const cached = key && cache.get(key);
  if (cached) {
    checkPixels(cached, maxPixels, path);
    return use(cached);
  }
  const keep = (image: Image) => {
    if (key) cache.put(key, image);
    return image;
  };
  const jpeg = Jpeg.open(content);
  if (jpeg) {
    checkPixels(jpeg, maxPixels, path);
    try {
      // If the cache is full, decode only the pixels that `use` asks for.
      return use(cache?.hasRoom(jpeg.bytes) ? (wholeOf(jpeg, keep) ?? jpeg) : jpeg);
    } catch (error) {
      if (!(error instanceof DamagedJpeg)) throw error;
    }
  }
  return use(keep(await decodeOnPool(content, path, { maxPixels })));
}

/** All pixels of a JPEG; undefined if it is damaged, because the region needed may lie before the damage. */
function wholeOf(jpeg: Jpeg, keep: (image: Image) => Image): Image | undefined {
  const { width, height } = jpeg;
  try {
    const { image } = jpeg.region({ left: 0, top: 0, width, height });
    return keep(packed(image, width, height));
  } catch (error) {
    if (error instanceof DamagedJpeg) return undefined;
    throw error;
  }
}

/** Crops an image to its size: a gray region extends to the end of its blocks. */
function packed(image: Image, width: number, height: number): Image {
  if (image.width === width && image.height === height) return image;
  const { data, channels } = image;
  const row = width * channels;
  const pixels = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const from = y * image.width * channels;
    pixels.set(data.subarray(from, from + row), y * row);
  }
  return { data: pixels, width, height, channels };
}
