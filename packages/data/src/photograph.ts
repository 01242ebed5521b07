import { join } from 'node:path';
import { DataError } from './errors.js';
import {
  compareCodePoints,
  countOther,
  describeOthers,
  filesBelow,
  IMAGE_FORMATS,
  IMAGE_NAME,
  listFolder,
} from './folders.js';
import { checkSide, longestSideTo, type Size } from './geometry.js';
import { checkMaxPixels } from './pixel-limit.js';
import { usePicture } from './reader.js';
import { cropAndResize } from './resample.js';
import { toRgb } from './write-rgb.js';

/** A whole image: H×W×3 RGB, uint8, and its size before resizing. */
export interface Photograph {
  /** width × height × 3 bytes, row-major. */
  readonly data: Uint8Array;
  /** After resizing, in pixels. */
  readonly width: number;
  /** After resizing, in pixels. */
  readonly height: number;
  /** Upright size of the file's image. */
  readonly original: Size;
}

/** Options of reading a photograph. */
export interface PhotographOptions {
  /** Resize the longer side to this many pixels, up or down. Default: keep the size. */
  maxSide?: number;
  /** Reject images with more pixels. Default 2^27, at most 350 million. */
  maxPixels?: number;
}

/**
 * Reads a whole image file, upright. Resizes it with PIL's bilinear filter and keeps the aspect ratio: both
 * sides are multiplied by maxSide / longest and truncated, at least 1.
 * @throws ImageError
 */
export async function readPhotograph(path: string, options: PhotographOptions = {}): Promise<Photograph> {
  const { maxSide, maxPixels } = options;
  if (maxPixels !== undefined) checkMaxPixels(maxPixels);
  if (maxSide !== undefined) checkSide('maxSide', maxSide);
  return usePicture(
    path,
    (picture) => {
      const original = { width: picture.width, height: picture.height };
      const { width, height } = maxSide === undefined ? original : longestSideTo(original, maxSide);
      const resized = cropAndResize(picture, { left: 0, top: 0, ...original }, width, height);
      return { data: toRgb(resized), width, height, original };
    },
    { maxPixels },
  );
}

/**
 * Names of the visible images directly in a folder, sorted by code point.
 * @throws DataError if the folder is missing, is a file or has no images
 */
export async function listPhotographs(dir: string): Promise<string[]> {
  const names: string[] = [];
  const others = new Map<string, number>();
  for (const { name, kind } of await listFolder(dir, 'folder of images')) {
    if (kind === 'folder') continue;
    if (IMAGE_NAME.test(name)) names.push(name);
    else countOther(name, others);
  }
  if (names.length === 0) {
    throw new DataError(
      `No images in ${dir}: expected ${IMAGE_FORMATS} files directly in it.${describeOthers(others)}`,
    );
  }
  return names.sort(compareCodePoints);
}

/**
 * Paths of the images in a folder and in all folders below it, except hidden ones: folder by folder in the
 * order of their paths, sorted within each.
 * @throws DataError if the folder is missing or has no image
 */
export async function imagesBelow(dir: string): Promise<string[]> {
  const { files, others } = await filesBelow(dir, '.', IMAGE_NAME, 'folder of images');
  if (files.length === 0) {
    throw new DataError(
      `No images in ${dir}: expected ${IMAGE_FORMATS} files in it or in a folder below.${describeOthers(others)}`,
    );
  }
  return files.map((file) => join(dir, file));
}
