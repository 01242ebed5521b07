import { decode as decodePng } from 'fast-png';
import { readContent } from './content.js';
import { isPng, pngHeader } from './decode.js';
import { ImageError, reasonOf } from './errors.js';
import type { Size } from './geometry.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/** The class id of pixels that belong to no class: they count neither in the loss nor in an evaluation. */
export const IGNORED = 255;

/** A class id for every pixel, row by row. */
export interface LabelMap extends Size {
  readonly data: Uint8Array;
}

/** Which ids of label maps are classes. */
export interface ClassIds {
  /** Ids from 0 to this, exclusive, are classes; default: all but 255. Another id in an image is an error. */
  classes?: number;
  /** An id that counts as 255 does: it belongs to no class. */
  ignoreIndex?: number;
}

/** A label map has an id that is not a class. */
export class UnknownClassError extends Error {
  constructor(id: number, classes: number) {
    super(`has pixels of class ${id}, and there are ${classes} classes`);
  }
}

export interface IdTargets {
  readonly classes: number;
  /** For each id what a target holds: the id, 255, or −1 for one that is not a class. */
  readonly targetOf: Int16Array;
}

export function idTargets({ classes = IGNORED, ignoreIndex = IGNORED }: ClassIds): IdTargets {
  if (!Number.isInteger(classes) || classes < 1 || classes > IGNORED) {
    throw new RangeError(`Expected 1 to ${IGNORED} for classes but received ${classes}`);
  }
  const targetOf = Int16Array.from({ length: 256 }, (_, id) => (id < classes ? id : -1));
  if (ignoreIndex >= 0 && ignoreIndex < IGNORED) targetOf[ignoreIndex] = IGNORED;
  targetOf[IGNORED] = IGNORED;
  return { classes, targetOf };
}

const GREY = 0;
const PALETTE = 3;
const KINDS: Readonly<Record<number, string>> = { 2: 'RGB', 4: 'grey with transparency', 6: 'RGBA' };

/**
 * Reads class ids from a PNG file: the samples of a gray one, the indices (not the colors) of one with a palette, of
 * 1, 2, 4 or 8 bits.
 * @throws ImageError
 */
export async function readLabelMap(
  path: string,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<LabelMap> {
  const content = readContent(path);
  if (isPng(content)) checkPixels(pngHeader(content), maxPixels, path);
  try {
    return decodeLabelMap(content);
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
}

function decodeLabelMap(content: Buffer): LabelMap {
  const expected = 'expected class ids as a grey or palette PNG of at most 8 bits, but it is';
  if (!isPng(content)) throw new Error(`${expected} no PNG`);
  const { depth, colourType, interlaced } = pngHeader(content);
  if (colourType !== GREY && colourType !== PALETTE) {
    throw new Error(`${expected} ${KINDS[colourType] ?? `of the unknown colour type ${colourType}`}`);
  }
  if (depth === 16) throw new Error(`${expected} of 16 bits`);
  // The decoder takes every sample of an interlaced file for a byte.
  if (interlaced && depth < 8) throw new Error(`${expected} interlaced, which is read with 8 bits only`);
  const png = decodePng(content, { checkCrc: true });
  const bytes = new Uint8Array(png.data.buffer, png.data.byteOffset, png.data.length);
  const { width, height } = png;
  return { data: depth === 8 ? bytes : unpack(bytes, width, height, depth), width, height };
}

/** Samples of less than a byte, the first in the upper bits; every row starts with a byte of its own. */
function unpack(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const samples = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * rowBytes + (bit >> 3)] as number;
      samples[y * width + x] = (byte >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return samples;
}
