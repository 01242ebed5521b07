// Windows bitmaps: a file header, an information header, masks or a palette, and rows from the bottom up,
// each padded to 4 bytes. Source: "Bitmap Storage", Microsoft.

import { ImageError } from './errors.js';
import type { Image } from './image/image.js';
import { checkPixels } from './pixel-limit.js';

const FILE_HEADER = 14;
const CORE_HEADER = 12;
const INFO_HEADER = 40;
const UNCOMPRESSED = 0;
const BITFIELDS = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  /** Masks of red, green and blue, for 16 and 32 bits. */
  readonly masks: readonly [number, number, number];
  /** Offset of the palette, and bytes of a color in it. */
  readonly palette: number;
  readonly colorBytes: 3 | 4;
  /** Offset of the pixels. */
  readonly pixels: number;
}

/** True for content that begins like a bitmap. */
export function isBmp(content: Buffer): boolean {
  return content.toString('latin1', 0, 2) === 'BM';
}

/**
 * Decodes a bitmap of 1, 4, 8, 16, 24 or 32 bits to RGB; transparency is dropped.
 * @throws ImageError
 */
export function decodeBmp(content: Buffer, path: string, maxPixels: number): Image {
  const fail = (reason: string): never => {
    throw new ImageError(path, `it is a bitmap that ${reason}`);
  };
  const header = readHeader(content, fail);
  checkPixels(header, maxPixels, path);
  const { width, height, bits, topDown } = header;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (header.pixels + rowBytes * height > content.length) fail('is truncated');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = header.pixels + rowBytes * (topDown ? y : height - 1 - y);
    const out = data.subarray(y * width * 3, (y + 1) * width * 3);
    if (bits <= 8) writePaletteRow(content, header, row, out);
    else if (bits === 24) writeRow24(content, row, out);
    else writeMaskedRow(content, header, row, out);
  }
  return { data, width, height, channels: 3 };
}

function readHeader(content: Buffer, fail: (reason: string) => never): Header {
  if (content.length < FILE_HEADER + CORE_HEADER) fail('has a damaged header');
  const size = content.readUInt32LE(FILE_HEADER);
  const pixels = content.readUInt32LE(10);
  const palette = FILE_HEADER + size;
  if (size === CORE_HEADER) {
    const [width, height] = [content.readUInt16LE(18), content.readUInt16LE(20)];
    const bits = content.readUInt16LE(24);
    if (width === 0 || height === 0 || ![1, 4, 8, 24].includes(bits)) fail('has a damaged header');
    return { width, height, topDown: false, bits, masks: [0, 0, 0], palette, colorBytes: 3, pixels };
  }
  if (size < INFO_HEADER || content.length < palette) fail('has a damaged header');
  const [width, signedHeight] = [content.readInt32LE(18), content.readInt32LE(22)];
  const [bits, compression] = [content.readUInt16LE(28), content.readUInt32LE(30)];
  if (width <= 0 || signedHeight === 0) fail('has a damaged header');
  if (compression !== UNCOMPRESSED && compression !== BITFIELDS)
    fail('is compressed, which is not supported: save it as png');
  if (![1, 4, 8, 16, 24, 32].includes(bits))
    fail(`has ${bits} bits per pixel, which is not supported: save it as png`);
  if (compression === BITFIELDS && content.length < FILE_HEADER + INFO_HEADER + 12)
    fail('has a damaged header');
  // Masks follow the first 40 bytes; longer headers include them.
  const mask = (index: number) => content.readUInt32LE(FILE_HEADER + INFO_HEADER + 4 * index);
  const usual = bits === 16 ? ([0x7c00, 0x3e0, 0x1f] as const) : ([0xff0000, 0xff00, 0xff] as const);
  const masks = compression === BITFIELDS ? ([mask(0), mask(1), mask(2)] as const) : usual;
  const height = Math.abs(signedHeight);
  return { width, height, topDown: signedHeight < 0, bits, masks, palette, colorBytes: 4, pixels };
}

function writePaletteRow(
  content: Buffer,
  { bits, palette, colorBytes }: Header,
  row: number,
  out: Uint8Array,
): void {
  const mask = (1 << bits) - 1;
  for (let x = 0; 3 * x < out.length; x++) {
    const bit = x * bits;
    const index = ((content[row + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & mask;
    const color = palette + colorBytes * index;
    out[3 * x] = content[color + 2] ?? 0;
    out[3 * x + 1] = content[color + 1] ?? 0;
    out[3 * x + 2] = content[color] ?? 0;
  }
}

function writeRow24(content: Buffer, row: number, out: Uint8Array): void {
  for (let at = 0; at < out.length; at += 3) {
    out[at] = content[row + at + 2] ?? 0;
    out[at + 1] = content[row + at + 1] ?? 0;
    out[at + 2] = content[row + at] ?? 0;
  }
}

function writeMaskedRow(content: Buffer, { bits, masks }: Header, row: number, out: Uint8Array): void {
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { shift, most: mask >>> shift };
  });
  for (let x = 0; 3 * x < out.length; x++) {
    const pixel = bits === 16 ? content.readUInt16LE(row + 2 * x) : content.readUInt32LE(row + 4 * x);
    for (const [c, { shift, most }] of channels.entries()) {
      const value = (pixel >>> shift) & most;
      // Truncated, as PIL does.
      out[3 * x + c] = most === 0 ? 0 : Math.trunc((value * 255) / most);
    }
  }
}
