import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random, Stream } from '../src/random.js';
import { cropAndResize } from '../src/resample.js';
import { evalTransform } from '../src/transform.js';
import { makeImage } from './images.js';

interface Fixture {
  crops: {
    channels: 1 | 3;
    box: [number, number, number, number];
    size: [number, number];
    pixels: string;
  }[];
  evaluations: { scale: number; crop: number; pixels: string }[];
}

const fixture = JSON.parse(readFileSync(new URL('fixtures/pil.json', import.meta.url), 'utf8')) as Fixture;

// The image of fixtures/make_pil.py.
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

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

describe('cropAndResize', () => {
  it.each(fixture.crops)(
    'equals PIL: $channels channels, $box to $size',
    ({ channels, box, size, pixels }) => {
      const [left, top, width, height] = box;
      const result = cropAndResize(pattern(channels), { left, top, width, height }, ...size);
      expect(result.data).toEqual(bytes(pixels));
    },
  );

  it('gives the same pixels in a window as in the whole result', () => {
    const image = pattern(3);
    const box = { left: 3, top: 5, width: 50, height: 40 };
    const side = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(side, side, fc.nat(), fc.nat(), fc.nat(), fc.nat(), (width, height, a, b, c, d) => {
        const left = a % width;
        const top = b % height;
        const window = { left, top, width: 1 + (c % (width - left)), height: 1 + (d % (height - top)) };
        const whole = cropAndResize(image, box, width, height);
        const part = cropAndResize(image, box, width, height, window);
        expect(part).toEqual(cropAndResize(whole, window, window.width, window.height));
      }),
      { numRuns: 60 },
    );
  });

  it('does not read outside the box', () => {
    const inside = (x: number, y: number) => x >= 4 && x < 12 && y >= 2 && y < 9;
    const image = makeImage(20, 15, 1, (x, y) => (inside(x, y) ? 100 : 255));
    const result = cropAndResize(image, { left: 4, top: 2, width: 8, height: 7 }, 28, 28);
    expect(new Set(result.data)).toEqual(new Set([100]));
  });
});

describe('evalTransform', () => {
  it.each(fixture.evaluations)('equals torchvision: scale $scale, crop $crop', ({ scale, crop, pixels }) => {
    const transform = evalTransform({ scale, crop });
    const result = new Uint8Array(crop * crop * 3);
    transform.apply(pattern(3), new Random(0, Stream.augmentation, 0, 0), result, new Float32Array(12));
    expect(result).toEqual(bytes(pixels));
  });
});
