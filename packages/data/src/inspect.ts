import { createHash } from 'node:crypto';
import { placedIn, readContent } from './content.js';
import { isPng, loadSharp, pngHeader } from './decode.js';
import { ImageError, type ImageErrorCode } from './errors.js';
import { formatOf } from './format.js';
import type { Picture } from './image/image.js';
import { regionOf } from './image/image.js';
import type { LabelFacts } from './inspect-labels.js';
import { Jpeg } from './jpeg/jpeg.js';
import type { FilePart } from './labeled-files.js';
import { usePictureOf } from './reader.js';

/** Content, format and size of an image file. */
export interface ImageFacts {
  /** Bytes of the file. */
  readonly bytes: number;
  /** The first 64 bits of the SHA-256 of the file's content. */
  readonly hash: bigint;
  /** Format by content, such as `jpeg`; `unknown` where none is recognized. */
  readonly format: string;
  /**
   * Samples of a pixel: `rgb`, `gray`, or what becomes one of them, such as `rgba`, `palette`, `cmyk` or
   * `gray 16-bit`.
   */
  readonly mode: string;
  /** Width of the upright image, in pixels; 0 if it cannot be read. */
  readonly width: number;
  /** Height of the upright image, in pixels; 0 if it cannot be read. */
  readonly height: number;
  /** Why the image cannot be used; absent where it can. */
  readonly failure?: {
    /** A clause without a period. */
    readonly reason: string;
    /** Kind of problem, for programs. */
    readonly code: ImageErrorCode;
  };
  /** Size and classes of its label map, if it has one. */
  readonly labels?: LabelFacts;
}

const UNREAD = { bytes: 0, hash: 0n, format: 'unknown', mode: 'unknown', width: 0, height: 0 };

/**
 * Reads an image file and decodes all of it, as far as the loader could. Does not throw for a file that
 * cannot be read.
 */
export async function inspectImage(
  path: string,
  { part, ...options }: { maxPixels?: number; part?: FilePart } = {},
): Promise<ImageFacts> {
  let content: Buffer;
  try {
    content = readContent(path, part);
  } catch (error) {
    return { ...UNREAD, failure: failureOf(error) };
  }
  const hash = createHash('sha256').update(content).digest().readBigUInt64BE();
  const common = { bytes: content.length, hash, format: formatOf(content) };
  try {
    const { width, height, channels, plain } = await usePictureOf(content, path, decodeWhole, options);
    const mode = plain ? PLAIN[channels] : await modeOf(content, channels);
    return { ...common, mode, width, height };
  } catch (error) {
    return { ...common, mode: 'unknown', width: 0, height: 0, failure: failureOf(placedIn(part, error)) };
  }
}

function decodeWhole(picture: Picture) {
  const { width, height } = picture;
  const { image } = regionOf(picture, { left: 0, top: 0, width, height });
  // Our own decoder reads JPEGs that need no conversion.
  return { width, height, channels: image.channels, plain: picture instanceof Jpeg };
}

const PLAIN = { 1: 'gray', 3: 'rgb' } as const;

function failureOf(error: unknown): { reason: string; code: ImageErrorCode } {
  if (!(error instanceof ImageError)) throw error;
  return { reason: error.reason, code: error.code };
}

const PNG_MODES: Readonly<Record<number, string>> = {
  0: 'gray',
  2: 'rgb',
  3: 'palette',
  4: 'gray+alpha',
  6: 'rgba',
};

async function modeOf(content: Buffer, channels: 1 | 3): Promise<string> {
  const plain = PLAIN[channels];
  if (isPng(content)) {
    const { colorType, depth } = pngHeader(content);
    const mode = PNG_MODES[colorType] ?? plain;
    return depth === 16 ? `${mode} 16-bit` : mode;
  }
  if (formatOf(content) === 'bmp') return plain;
  const sharp = await loadSharp();
  const { space, depth, hasAlpha } = await sharp(content, { limitInputPixels: false }).metadata();
  const color = space === 'cmyk' ? 'cmyk' : hasAlpha ? (channels === 1 ? 'gray+alpha' : 'rgba') : plain;
  return depth === 'uchar' ? color : `${color} ${depth === 'ushort' ? '16-bit' : depth}`;
}
