import type { Image } from '@inplace-abn/data';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../../core/test/support/prng.js';
import { formatShare, vistasClasses } from '../../../src/index.js';
import { blend, encodeOverlayPng } from '../../../src/segmenting/output/overlay.js';

const photoOf = (width: number, height: number): Image => {
  return { width, height, channels: 3, data: bytes('photo', [width * height * 3]) };
};
/** Sky on the left, road on the right, and one pixel of bird. */
const mapOf = (width: number, height: number) => {
  const data = Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 27 : 13));
  data[0] = 0;
  return { width, height, data };
};

const at = ({ data, width }: Image, x: number, y: number) => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

describe('blending', () => {
  const photo = photoOf(6, 3);
  const map = mapOf(6, 3);

  it('is the mean of photograph and color at 0.5', () => {
    const { data } = blend(photo, map, vistasClasses);
    const expected = Array.from(photo.data, (value, i) => {
      const color = vistasClasses[map.data[Math.floor(i / 3)] ?? 0]?.color ?? [];
      return Math.round((value + (color[i % 3] ?? 0)) / 2);
    });
    expect([...data]).toEqual(expected);
  });

  it('gives the photograph at 0 and the color at 1', () => {
    expect([...blend(photo, map, vistasClasses, 0).data]).toEqual([...photo.data]);
    expect(at(blend(photo, map, vistasClasses, 1), 0, 1)).toEqual([70, 130, 180]);
  });

  it('accepts gray photographs, and paints ids without a class black', () => {
    const gray: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(10, 200) };
    const unknown = { width: 2, height: 1, data: Uint8Array.of(200, 27) };
    expect([...blend(gray, unknown, vistasClasses).data]).toEqual([5, 5, 5, 135, 165, 190]);
  });

  it('refuses other sizes and weights', () => {
    expect(() => blend(photo, mapOf(3, 6), vistasClasses)).toThrow(
      'the photograph has 6×3 pixels but its class map 3×6',
    );
    expect(() => blend(photo, map, vistasClasses, 1.5)).toThrow('alpha 1.5: expected a number from 0 to 1');
    expect(() => blend(photo, map, vistasClasses, Number.NaN)).toThrow('alpha NaN');
  });
});

describe('an overlay', () => {
  it('is the blended photograph as a PNG, pixel for pixel', async () => {
    const [photo, map] = [photoOf(40, 30), mapOf(40, 30)];
    const png = decode(await encodeOverlayPng(photo, map, vistasClasses, 0.3));
    expect(png).toMatchObject({ width: 40, height: 30, channels: 3 });
    const blended = blend(photo, map, vistasClasses, 0.3).data;
    expect(Buffer.compare(Uint8Array.from(png.data), blended)).toBe(0);
  });
});

describe('a share', () => {
  it.each([
    [0, '0.0 %'],
    [0.0001, '<0.1 %'],
    [0.0005, '0.1 %'],
    [0.3419, '34.2 %'],
    [0.9996, '>99.9 %'],
    [1, '100.0 %'],
  ])('%d is %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});
