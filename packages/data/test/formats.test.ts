import { describe, expect, it } from 'vitest';
import { decodeOnPool } from '../src/decode.js';
import type { Picture } from '../src/image/image.js';
import { regionOf } from '../src/image/image.js';
import { usePictureOf } from '../src/reader.js';
import { toRgb } from '../src/write-rgb.js';
import formats from './fixtures/formats.json' with { type: 'json' };

function rgbOf(picture: Picture): Uint8Array {
  const { width, height } = picture;
  return toRgb(regionOf(picture, { left: 0, top: 0, width, height }).image);
}

const bytes = (text: string) => Buffer.from(text, 'base64');

describe('image formats', () => {
  it.each(Object.entries(formats.files))('%s has the pixels that PIL reads', async (name, { file, rgb }) => {
    const { size, pixels } = await usePictureOf(bytes(file), name, (picture) => ({
      size: [picture.width, picture.height],
      pixels: rgbOf(picture),
    }));
    expect(size).toEqual([formats.width, formats.height]);
    expect(Buffer.from(pixels).equals(bytes(rgb))).toBe(true);
  });

  it('reads AVIF', async () => {
    const { default: sharp } = await import('sharp');
    const content = await sharp({ create: { width: 16, height: 12, channels: 3, background: '#c06020' } })
      .avif({ quality: 90 })
      .toBuffer();
    const { width, height, data } = await decodeOnPool(content, 'a.avif');
    expect([width, height]).toEqual([16, 12]);
    for (const [i, value] of [0xc0, 0x60, 0x20].entries())
      expect(Math.abs((data[i] ?? 0) - value)).toBeLessThan(4);
  });

  it.each([
    [
      'photo.heic',
      '\0\0\0\x18ftypheic\0\0\0\0',
      'it is heif, which is not supported: expected jpg, png, webp',
    ],
    ['page.jpg', '<!DOCTYPE html><p>404</p>', 'it is html, which is not supported'],
    ['empty.png', '', 'it is empty'],
    ['noise.jpg', 'no image at all', 'it is in an unknown format'],
    [
      'short.bmp',
      'BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\0\0\0\0',
      'it is a bitmap that has a damaged header',
    ],
  ])('explains why %s cannot be read', async (name, content, reason) => {
    const decoded = usePictureOf(Buffer.from(content, 'latin1'), name, () => 'read');
    await expect(decoded).rejects.toThrow(`Cannot read the image ${name}: ${reason}`);
  });

  it('refuses a truncated, compressed or too large bitmap before allocating memory', async () => {
    const whole = bytes(formats.files['24.bmp'].file);
    const read = (content: Buffer, maxPixels?: number) =>
      usePictureOf(content, 'x.bmp', () => 'read', { maxPixels });
    await expect(read(whole.subarray(0, whole.length - 1))).rejects.toThrow(
      'it is a bitmap that is truncated',
    );
    const changed = (at: number, value: number) => {
      const content = Buffer.from(whole);
      content.writeInt32LE(value, at);
      return content;
    };
    await expect(read(changed(30, 1))).rejects.toThrow('it is a bitmap that is compressed');
    await expect(read(changed(18, 2_000_000_000))).rejects.toThrow(
      'it has 2000000000×9 pixels, more than maxPixels',
    );
    await expect(read(whole, 100)).rejects.toThrow('more than maxPixels, 100');
  });
});
