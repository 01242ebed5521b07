import { decode as decodePng } from 'fast-png';
import { readContent } from './content.js';
import { isPng, pngHeader } from './decode.js';
import { ImageError, reasonOf } from './errors.js';
import type { Size } from './geometry.js';
import { colorKey, IGNORED, type LabelCoding, type LabelDecoder, labelDecoder } from './label-coding.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/** A class id per pixel, row-major. */
export interface LabelMap extends Size {
  /** height × width ids. */
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

  constructor(id: number, classes: number, x: number, y: number) {
    super(`has pixels of class ${id}, one at x ${x}, y ${y}, but there are ${classes} classes`);
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
/** RGB and RGBA. */
const COLORED: readonly number[] = [2, 6];
const KINDS: Readonly<Record<number, string>> = { 2: 'RGB', 4: 'gray with transparency', 6: 'RGBA' };

interface LabelMapOptions {
  maxPixels?: number;
  /** How the file codes classes; default: its ids are classes. */
  coding?: LabelCoding;
}

/**
 * Reads class ids from a PNG: the samples of a gray one, or the indices (not the colors) of one with a
 * palette, of 1, 2, 4 or 8 bits. With a `coding`, pixels are the classes that it gives to ids or colors.
 * @throws ImageError with code `unknown-class` or `unknown-color` for an id or a color that the coding lacks,
 * naming its pixel, and with code `colored-labels` for RGB or RGBA without a palette
 */
export async function readLabelMap(
  path: string,
  { maxPixels, coding = {} }: LabelMapOptions = {},
): Promise<LabelMap> {
  return decodedLabelMap(path, labelDecoder(coding), maxPixels);
}

/** The same with the tables of a coding, which are made once for many files. */
export function decodedLabelMap(path: string, decoder: LabelDecoder, maxPixels?: number): LabelMap {
  const map = codedLabelMap(path, decoder, maxPixels);
  const { classOf } = decoder;
  if (!classOf) return map;
  const { data } = map;
  for (let i = 0; i < data.length; i++) {
    const id = data[i] as number;
    const target = classOf[id] as number;
    if (target < 0) {
      const reason = `it has the id ${id} at ${pixelOf(map, i)}, which is not in the map of ids`;
      throw new ImageError(path, reason, 'unknown-class');
    }
    data[i] = target;
  }
  return map;
}

/** Reads the ids of a label map, before they are mapped to classes. */
export function codedLabelMap(path: string, { idOf }: LabelDecoder, maxPixels = MAX_PIXELS): LabelMap {
  const content = readContent(path);
  if (isPng(content)) checkPixels(pngHeader(content), maxPixels, path);
  try {
    return idOf ? decodeColors(content, path, idOf) : decodeIds(content, path);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(path, reasonOf(error));
  }
}

function decodeIds(content: Buffer, path: string): LabelMap {
  const expected = 'expected class ids as a gray or palette PNG of at most 8 bits, but it is';
  const header = headerOf(content, expected);
  const { depth, colorType } = header;
  if (colorType !== GRAY && colorType !== PALETTE) {
    const reason = `${expected} ${KINDS[colorType] ?? `of the unknown color type ${colorType}`}`;
    throw new ImageError(path, reason, COLORED.includes(colorType) ? 'colored-labels' : 'unreadable');
  }
  checkDepth(header, expected);
  const { data, width, height } = decodeBytes(content);
  return { data: depth === 8 ? data : unpack(data, width, height, depth), width, height };
}

/** Ids by color: of each pixel, or of each entry of a PNG's palette. */
function decodeColors(content: Buffer, path: string, idOf: ReadonlyMap<number, number>): LabelMap {
  const expected = 'expected class colors as a PNG of at most 8 bits, but it is';
  const header = headerOf(content, expected);
  checkDepth(header, expected);
  const { depth, colorType } = header;
  const { data, width, height, channels, palette } = decodeBytes(content);
  const samples = depth === 8 ? data : unpack(data, width, height, depth);
  const map = { data: new Uint8Array(width * height), width, height };
  const most = (1 << depth) - 1;
  const keyAt = colorType === PALETTE ? paletteKeys(samples, palette ?? []) : keysOf(samples, channels, most);
  let [lastKey, lastId] = [-1, 0];
  for (let i = 0; i < map.data.length; i++) {
    const key = keyAt(i);
    // Neighboring pixels mostly have the same color.
    if (key !== lastKey) {
      const id = idOf.get(key);
      if (id === undefined) throw unknownColor(path, key, pixelOf(map, i));
      [lastKey, lastId] = [key, id];
    }
    map.data[i] = lastId;
  }
  return map;
}

function paletteKeys(
  indices: Uint8Array,
  palette: readonly (readonly number[])[],
): (pixel: number) => number {
  const keys = Int32Array.from(palette, ([red = 0, green = 0, blue = 0]) => colorKey(red, green, blue));
  return (pixel) => keys[indices[pixel] as number] ?? -1;
}

function keysOf(samples: Uint8Array, channels: number, most: number): (pixel: number) => number {
  if (channels >= 3) {
    return (pixel) => {
      const at = pixel * channels;
      return colorKey(samples[at] as number, samples[at + 1] as number, samples[at + 2] as number);
    };
  }
  const scale = 255 / most;
  return (pixel) => (samples[pixel * channels] as number) * scale * 0x010101;
}

function unknownColor(path: string, key: number, pixel: string): ImageError {
  if (key < 0) return new ImageError(path, `its palette lacks the index at ${pixel}`);
  const color = `${key >> 16}, ${(key >> 8) & 255}, ${key & 255}`;
  return new ImageError(
    path,
    `it has the color ${color} at ${pixel}, which is not in the palette of the data set`,
    'unknown-color',
  );
}

function pixelOf({ width }: Size, index: number): string {
  return `x ${index % width}, y ${Math.floor(index / width)}`;
}

function headerOf(content: Buffer, expected: string) {
  if (!isPng(content)) throw new Error(`${expected} not a PNG`);
  return pngHeader(content);
}

function checkDepth({ depth, interlaced }: ReturnType<typeof pngHeader>, expected: string): void {
  if (depth === 16) throw new Error(`${expected} of 16 bits`);
  // fast-png reads every sample of an interlaced file as a byte.
  if (interlaced && depth < 8) throw new Error(`${expected} interlaced, which is supported with 8 bits only`);
}

function decodeBytes(content: Buffer) {
  const { data, width, height, channels, palette } = decodePng(content, { checkCrc: true });
  return {
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    width,
    height,
    channels,
    palette,
  };
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
