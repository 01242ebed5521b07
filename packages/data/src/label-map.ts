import { decode as decodePng } from 'fast-png';
import { readContent } from './content.js';
import { isPng, pngHeader } from './decode.js';
import { ImageError, reasonOf } from './errors.js';
import type { Size } from './geometry.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/** The class id of pixels without a class. The loss and all metrics ignore them. */
export const IGNORED = 255;

/** A class id per pixel, row-major. */
export interface LabelMap extends Size {
  readonly data: Uint8Array;
}

/** Selects the ids of label maps that are classes. */
export interface ClassIds {
  /** Number of classes: ids 0 to classes − 1. Any other id is an error. Default: every id except 255. */
  classes?: number;
  /** An id to treat like 255: pixels without a class. */
  ignoreIndex?: number;
}

/** Thrown for a label map with an id that is not a class. */
export class UnknownClassError extends Error {
  readonly code = 'ERR_UNKNOWN_CLASS';

  constructor(id: number, classes: number) {
    super(`has pixels of class ${id}, but there are ${classes} classes`);
  }
}

export interface IdTargets {
  readonly classes: number;
  /** Target value of each id: the id itself, 255, or −1 if it is not a class. */
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

const GRAY = 0;
const PALETTE = 3;
const KINDS: Readonly<Record<number, string>> = { 2: 'RGB', 4: 'gray with transparency', 6: 'RGBA' };

/**
 * Reads class ids from a gray PNG (its samples) or a palette PNG (its indices, not its colors) of 1, 2, 4 or 8 bits.
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
  const expected = 'expected class ids as a gray or palette PNG of at most 8 bits, but it is';
  if (!isPng(content)) throw new Error(`${expected} not a PNG`);
  const { depth, colorType, interlaced } = pngHeader(content);
  if (colorType !== GRAY && colorType !== PALETTE) {
    throw new Error(`${expected} ${KINDS[colorType] ?? `of the unknown color type ${colorType}`}`);
  }
  if (depth === 16) throw new Error(`${expected} of 16 bits`);
  // fast-png reads every sample of an interlaced file as a byte.
  if (interlaced && depth < 8) throw new Error(`${expected} interlaced, which is supported with 8 bits only`);
  const png = decodePng(content, { checkCrc: true });
  const bytes = new Uint8Array(png.data.buffer, png.data.byteOffset, png.data.length);
  const { width, height } = png;
  return { data: depth === 8 ? bytes : unpack(bytes, width, height, depth), width, height };
}

/** Unpacks samples of less than a byte, most significant bits first. Every row starts at a byte boundary. */
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
