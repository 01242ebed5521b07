import { DataError } from './errors.js';
import { compareCodePoints, IMAGE_NAME, isFolder, listFolder } from './folders.js';
import { longestSideTo, type Size } from './geometry.js';
import { usePicture } from './reader.js';
import { cropAndResize } from './resample.js';
import { checkSide } from './transform.js';
import { toRgb } from './write-rgb.js';

/** A whole image: H×W×3 RGB of 8 bits, and the size it had before it was resized. */
export interface Photograph {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly original: Size;
}

export interface PhotographOptions {
  /** Resize the longest side to this many pixels, larger or smaller; default: do not. */
  maxSide?: number;
}

/**
 * Reads a whole image file, upright, resized by PIL's bilinear filter with the aspect ratio kept: both sides times
 * maxSide / longest, truncated, at least 1.
 * @throws ImageError
 */
export async function readPhotograph(path: string, options: PhotographOptions = {}): Promise<Photograph> {
  const { maxSide } = options;
  if (maxSide !== undefined) checkSide('maxSide', maxSide);
  return usePicture(path, (picture) => {
    const original = { width: picture.width, height: picture.height };
    const { width, height } = maxSide === undefined ? original : longestSideTo(original, maxSide);
    const resized = cropAndResize(picture, { left: 0, top: 0, ...original }, width, height);
    return { data: toRgb(resized), width, height, original };
  });
}

/**
 * Names of the png, jpg and jpeg files that lie directly in a folder, sorted by code point.
 * @throws DataError where the folder is missing, is a file or has no image
 */
export async function listPhotographs(dir: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await listFolder(dir, 'folder of images')) {
    if (IMAGE_NAME.test(entry.name) && !(await isFolder(dir, entry))) names.push(entry.name);
  }
  if (names.length === 0) {
    throw new DataError(`No images in ${dir}: expected png, jpg or jpeg files directly in it.`);
  }
  return names.sort(compareCodePoints);
}
