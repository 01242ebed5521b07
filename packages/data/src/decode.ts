import { decode as decodePng } from 'fast-png';
import type { Sharp, SharpOptions } from 'sharp';
import { ImageError, reasonOf } from './errors.js';
import type { Size } from './geometry.js';
import type { Image } from './image/image.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/**
 * PNGs of up to this many pixels are decoded on the calling thread: sharp takes over a millisecond for any picture,
 * fast-png some tens of microseconds for one of 28×28.
 */
const SMALL_PNG_PIXELS = 128 * 128;

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

type SharpOf = (content: Uint8Array, options: SharpOptions) => Sharp;
let loaded: Promise<SharpOf> | undefined;

/**
 * Decodes a JPEG or PNG file to 8-bit RGB or gray on a thread of libuv's pool. EXIF orientation is applied;
 * transparency is dropped without blending, CMYK goes through its profile (a standard one where it has none),
 * 16 bits become the upper 8. Profiles of RGB images are ignored, as PIL and with it torchvision's loader do.
 *
 * @param path names the image in errors
 * @throws ImageError
 */
export async function decodeOnPool(
  content: Uint8Array,
  path: string,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<Image> {
  const options: SharpOptions = { failOn: 'error', limitInputPixels: maxPixels };
  try {
    const sharp = await loadSharp();
    const ignoreIcc = !(await isCmykWithProfile(sharp, content, options));
    const { data, info } = await sharp(content, { ...options, ignoreIcc })
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 1 && info.channels !== 3) {
      throw new Error(`it has ${info.channels} channels after conversion to RGB`);
    }
    return { data, width: info.width, height: info.height, channels: info.channels };
  } catch (error) {
    const size = await claimedSize(content);
    if (size) checkPixels(size, maxPixels, path);
    throw new ImageError(path, reasonOf(error));
  }
}

/** Whether a JPEG is in CMYK and says which: sharp takes its profile for RGB images, too, unless told otherwise. */
async function isCmykWithProfile(
  sharp: SharpOf,
  content: Uint8Array,
  options: SharpOptions,
): Promise<boolean> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  return bytes.includes('ICC_PROFILE\0') && (await sharp(content, options).metadata()).space === 'cmyk';
}

/** The size in an image's header; undefined where it has none. */
async function claimedSize(content: Uint8Array): Promise<Size | undefined> {
  try {
    const sharp = await loadSharp();
    return await sharp(content, { limitInputPixels: false }).metadata();
  } catch {
    return undefined;
  }
}

/**
 * Loaded where it is first needed: most threads of most loaders never need it. One picture per pool thread, and no cache:
 * an epoch never decodes a picture twice.
 */
export function loadSharp(): Promise<SharpOf> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loaded;
}

/**
 * Decodes a small 8-bit gray or RGB PNG at once, to the pixels that decodeOnPool makes of it; undefined for any
 * other content and for a damaged one, so that decodeOnPool has the last word, and the words for the error.
 */
export function decodeSmallPng(content: Buffer): Image | undefined {
  if (!isSmallPlainPng(content)) return undefined;
  try {
    const { data, width, height, channels, depth } = decodePng(content, { checkCrc: true });
    const usable = depth === 8 && (channels === 1 || channels === 3);
    if (!usable || data.length !== width * height * channels) return undefined;
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
  } catch {
    return undefined;
  }
}

/** True for a small 8-bit gray or RGB PNG, not interlaced, without the chunks that change what its pixels mean. */
function isSmallPlainPng(content: Buffer): boolean {
  if (!isPng(content)) return false;
  const { width, height, depth, colourType, interlaced } = pngHeader(content);
  const plain = depth === 8 && (colourType === 0 || colourType === 2) && !interlaced;
  const small = width * height <= SMALL_PNG_PIXELS;
  return plain && small && !content.includes('tRNS') && !content.includes('eXIf');
}

/** True for what begins as a PNG file and is long enough to have a header. */
export function isPng(content: Buffer): boolean {
  return content.length >= 33 && content.compare(PNG_SIGNATURE, 0, 8, 0, 8) === 0;
}

/** The fields of a PNG's header, which comes first in every such file; `depth` is bits a sample. */
export function pngHeader(content: Buffer) {
  return {
    width: content.readUInt32BE(16),
    height: content.readUInt32BE(20),
    depth: content.readUInt8(24),
    /** 0 gray, 2 RGB, 3 palette, 4 and 6 with transparency. */
    colourType: content.readUInt8(25),
    interlaced: content.readUInt8(28) !== 0,
  };
}
