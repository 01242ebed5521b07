import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Image } from '../src/image/image.js';
import { Random, Stream } from '../src/random.js';
import { cropAndResize } from '../src/resample.js';
import { TEN_CROPS, tenCropTransform } from '../src/ten-crop.js';
import { evalTransform } from '../src/transform.js';
import { makeImage } from './images.js';

interface Fixture {
  cases: { scale: number; crop: number; channels: 1 | 3; sha256: string[] }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL('./fixtures/ten_crop.json', import.meta.url), 'utf8'),
);

/** The image of fixtures/make_pil.py. */
const pattern = (channels: 1 | 3) =>
  makeImage(
    61,
    47,
    channels,
    (x, y, c) =>
      (x * 5 +
        y * 3 +
        c * 41 +
        ((x * y + c) % 7) * 29 +
        ((Math.floor(x / 9) + Math.floor(y / 7)) % 2) * 120) %
      256,
  );

function crops(image: Image, options: Parameters<typeof tenCropTransform>[0]) {
  const transform = tenCropTransform(options);
  const bytes = transform.width * (transform.height / TEN_CROPS) * 3;
  // Garbage from the previous batch: every byte must be overwritten.
  const pixels = new Uint8Array(transform.width * transform.height * 3).fill(0xaa);
  const color = new Float32Array(12);
  transform.apply(image, new Random(0, Stream.augmentation, 0, 0), pixels, color);
  return {
    color,
    pixels: Array.from({ length: TEN_CROPS }, (_, i) => pixels.slice(i * bytes, (i + 1) * bytes)),
  };
}

describe('tenCropTransform', () => {
  it.each(fixture.cases)(
    'crops the pixels of torchvision: scale $scale, crop $crop, $channels channels',
    ({ scale, crop, channels, sha256 }) => {
      const digests = crops(pattern(channels), { scale, crop }).pixels.map((each) =>
        createHash('sha256').update(each).digest('hex').slice(0, 16),
      );
      expect(digests).toEqual(sha256);
    },
  );

  it.each([
    { scale: 32, crop: 28 },
    { scale: -1, crop: 50 },
    { scale: 20, crop: 24 },
    { scale: [40, 52], crop: [21, 30] },
    { scale: -1, crop: [50, 30] },
  ] as const)('equals the center crop in its fifth crop: %j', (options) => {
    const single = evalTransform(options);
    const pixels = new Uint8Array(single.height * single.width * 3);
    const color = new Float32Array(12);
    single.apply(pattern(3), new Random(0, Stream.augmentation, 0, 0), pixels, color);
    const ten = crops(pattern(3), options);
    expect(ten.pixels[4]).toEqual(pixels);
    expect(ten.color).toEqual(color);
  });

  it('crops corners of a given height and width after resizing both sides', () => {
    const whole = cropAndResize(pattern(3), { left: 0, top: 0, width: 61, height: 47 }, 52, 40);
    const cut = (left: number, top: number, mirrored: boolean) =>
      makeImage(30, 21, 3, (x, y, c) => {
        const column = mirrored ? 51 - left - x : left + x;
        return whole.data[((top + y) * 52 + column) * 3 + c] as number;
      }).data;
    const { pixels } = crops(pattern(3), { scale: [40, 52], crop: [21, 30] });
    const places = [
      [0, 0],
      [22, 0],
      [0, 19],
      [22, 19],
      [11, 10],
    ] as const;
    for (const [i, [left, top]] of places.entries()) {
      expect(pixels[i]).toEqual(cut(left, top, false));
      expect(pixels[i + 5]).toEqual(cut(left, top, true));
    }
  });

  it('pads an image smaller than the crop with black', () => {
    const { pixels } = crops(
      makeImage(2, 1, 1, (x) => 100 + x),
      { scale: -1, crop: 4 },
    );
    const red = (crop?: Uint8Array) => crop?.filter((_, i) => i % 3 === 0);
    expect([...(red(pixels[0]) ?? [])]).toEqual([0, 0, 0, 0, 0, 100, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...(red(pixels[9]) ?? [])]).toEqual([0, 0, 0, 0, 0, 101, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
