import { decode as decodePng } from 'fast-png';
import type { Sharp, SharpOptions } from 'sharp';
import { ImageError, reasonOf } from './errors.js';
import { foreignFormat } from './format.js';
import type { Size } from './geometry.js';
import type { Image } from './image/image.js';
import { checkPixels, MAX_PIXELS } from './pixel-limit.js';

/**
 * Smaller PNGs are decoded on the calling thread: sharp takes over a millisecond for any image, fast-png some
 * tens of microseconds for one of 28×28.
 */
const SMALL_PNG_PIXELS = 128 * 128;

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

type SharpOf = (content: Uint8Array, options: SharpOptions) => Sharp;
let loaded: Promise<SharpOf> | undefined;

/**
 * Decodes a JPEG, PNG, WebP, AVIF, TIFF or GIF file (of several frames or pages the first) to 8-bit RGB or
 * gray on libuv's thread pool. Applies the EXIF orientation, drops transparency without blending, converts
 * CMYK through its profile (or a standard one) and keeps the upper 8 of 16 bits. Profiles of RGB images are
 * ignored, as in PIL and torchvision's loader.
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
    throw new ImageError(path, foreignFormat(bufferOf(content)) ?? reasonOf(error));
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** True for a CMYK JPEG with a profile. By default sharp would apply profiles of RGB images too. */
async function isCmykWithProfile(
  sharp: SharpOf,
  content: Uint8Array,
  options: SharpOptions,
): Promise<boolean> {
  return (
    bufferOf(content).includes('ICC_PROFILE\0') && (await sharp(content, options).metadata()).space === 'cmyk'
  );
}

/** The size that the image's header states; undefined if it has none. */
async function claimedSize(content: Uint8Array): Promise<Size | undefined> {
  try {
    const sharp = await loadSharp();
    return await sharp(content, { limitInputPixels: false }).metadata();
  } catch {
    return undefined;
  }
}

/** The version of sharp, whose decoders' pixels may differ from those of another. */
export async function sharpVersion(): Promise<string> {
  const { default: sharp } = await import('sharp');
  return sharp.versions.sharp ?? 'unknown';
}

/**
 * Imports sharp on first use, because most loader threads never need it. One image per pool thread, and no
 * cache: an epoch never decodes an image twice.
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
 * Decodes a small 8-bit gray or RGB PNG synchronously, to the same pixels as decodeOnPool. Undefined for any
 * other content and for damaged files: decodeOnPool then decides, and words the error.
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

/**
 * True for a small, non-interlaced 8-bit gray or RGB PNG without chunks that change the meaning of its
 * pixels.
 */
function isSmallPlainPng(content: Buffer): boolean {
  if (!isPng(content)) return false;
  const { width, height, depth, colorType, interlaced } = pngHeader(content);
  const plain = depth === 8 && (colorType === 0 || colorType === 2) && !interlaced;
  const small = width * height <= SMALL_PNG_PIXELS;
  return plain && small && !content.includes('tRNS') && !content.includes('eXIf');
}

/** True for content that starts with the PNG signature and is long enough for a header. */
export function isPng(content: Buffer): boolean {
  return content.length >= 33 && content.compare(PNG_SIGNATURE, 0, 8, 0, 8) === 0;
}

/** The fields of the IHDR chunk, which comes first in every PNG; `depth` is in bits per sample. */
export function pngHeader(content: Buffer) {
  return {
    width: content.readUInt32BE(16),
    height: content.readUInt32BE(20),
    depth: content.readUInt8(24),
    /** 0 gray, 2 RGB, 3 palette; 4 and 6 have an alpha channel. */
    colorType: content.readUInt8(25),
    interlaced: content.readUInt8(28) !== 0,
  };
}
