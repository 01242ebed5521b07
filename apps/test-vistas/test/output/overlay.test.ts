import type { Image } from '@inplace-abn/data';
import { formatShare, vistasClasses } from '@inplace-abn/recipes';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../../packages/core/test/support/prng.js';
import { Legend } from '../../src/output/legend.js';
import { blend, encodeOverlayPng, renderOverlay } from '../../src/output/overlay.js';
import { loadTypeface } from '../../src/output/typeface.js';

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

/** The upper left corner of the size of `part`. */
function corner(whole: Image, part: Image): Uint8Array {
  const rows = Array.from({ length: part.height }, (_, y) =>
    whole.data.subarray(3 * y * whole.width, 3 * (y * whole.width + part.width)),
  );
  return Uint8Array.from(rows.flatMap((row) => [...row]));
}

describe('blending', () => {
  const photo = photoOf(6, 3);
  const map = mapOf(6, 3);

  it('is the mean of photograph and colour', () => {
    const { data } = blend(photo, map, vistasClasses);
    const expected = Array.from(photo.data, (value, i) => {
      const color = vistasClasses[map.data[Math.floor(i / 3)] ?? 0]?.color ?? [];
      return Math.round((value + (color[i % 3] ?? 0)) / 2);
    });
    expect([...data]).toEqual(expected);
  });

  it('leaves the photograph at 0, and all colour at 1', () => {
    expect([...blend(photo, map, vistasClasses, 0).data]).toEqual([...photo.data]);
    expect(at(blend(photo, map, vistasClasses, 1), 0, 1)).toEqual([70, 130, 180]);
  });

  it('takes grey photographs, and classes that no list names as black', () => {
    const grey: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(10, 200) };
    const unknown = { width: 2, height: 1, data: Uint8Array.of(200, 27) };
    expect([...blend(grey, unknown, vistasClasses).data]).toEqual([5, 5, 5, 135, 165, 190]);
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
  it.each([
    [1, 1],
    [8000, 50],
    [50, 800],
    [320, 240],
  ])('of %i×%i pixels keeps the photograph whole and adds a legend', async (width, height) => {
    const [photo, map] = [photoOf(width, height), mapOf(width, height)];
    const whole = await renderOverlay(photo, map, vistasClasses);
    const blended = blend(photo, map, vistasClasses);
    expect(Buffer.compare(corner(whole, blended), blended.data)).toBe(0);
    const beside = width <= 50;
    expect(whole.width > width).toBe(beside);
    expect(whole.height > height).toBe(!beside || height === 1);
    // The name's ink on the legend's paper, beside or below the photograph.
    const [x, y] = beside ? [width, 0] : [0, height];
    const legend = Array.from({ length: whole.height - y }, (_, row) =>
      whole.data.subarray(3 * ((y + row) * whole.width + x), 3 * (y + row + 1) * whole.width),
    );
    expect(legend.some((line) => line.some((value) => value < 60))).toBe(true);
    expect(at(whole, x, whole.height - 1)).toEqual([255, 255, 255]);
  });

  it('names the classes that occur, the largest first, in their colours', async () => {
    const { columns, rows } = { columns: 200, rows: 240 };
    const whole = await renderOverlay(photoOf(columns, rows), mapOf(columns, rows), vistasClasses);
    // Down the middle of the only column's boxes: halves of sky and road, of which the bird took a pixel of sky.
    const middle = Array.from({ length: whole.height - rows }, (_, y) => at(whole, 15, rows + y).join());
    const paper = [255, 255, 255].join();
    const boxes = vistasClasses.filter(
      ({ color }) => color.join() !== paper && middle.includes(color.join()),
    );
    boxes.sort((a, b) => middle.indexOf(a.color.join()) - middle.indexOf(b.color.join()));
    expect(boxes.map(({ name }) => name)).toEqual(['Road', 'Sky', 'Bird']);
  });

  it('can do without the legend', async () => {
    const [photo, map] = [photoOf(5, 4), mapOf(5, 4)];
    expect(await renderOverlay(photo, map, vistasClasses, { legend: false })).toEqual(
      blend(photo, map, vistasClasses),
    );
  });

  it('is written as PNG, pixel by pixel', async () => {
    const [photo, map] = [photoOf(40, 30), mapOf(40, 30)];
    const whole = await renderOverlay(photo, map, vistasClasses, { alpha: 0.3 });
    const png = decode(await encodeOverlayPng(photo, map, vistasClasses, { alpha: 0.3 }));
    expect(png).toMatchObject({ width: whole.width, height: whole.height, channels: 3 });
    expect(Buffer.compare(Uint8Array.from(png.data), whole.data)).toBe(0);
  });
});

describe('a legend', () => {
  const entries = (count: number, name = 'Class') =>
    Array.from({ length: count }, (_, i) => {
      return { name: `${name} ${i}`, color: [i, 0, 200] as const, share: 1 / count };
    });

  it('fills the width with columns, and never more', async () => {
    const legend = await Legend.of(entries(65), 12);
    const narrow = await legend.draw(0);
    const wide = await legend.draw(900);
    expect(narrow.width).toBe(legend.leastWidth);
    expect(wide.width).toBeLessThanOrEqual(900);
    expect(wide.width).toBeGreaterThan(700);
    expect(wide.height).toBeLessThan(narrow.height / 4);
  });

  it('draws names as they are, and cuts what is too long', async () => {
    const markup = await Legend.of(entries(1, '<b>&"'), 12);
    expect((await markup.draw(0)).height).toBeGreaterThan(12);
    const long = await Legend.of(entries(1, 'x'.repeat(500)), 12);
    expect(long.leastWidth).toBeLessThan(600);
  });

  it('stands for 256 classes at any width', async () => {
    const { width, height } = await (await Legend.of(entries(256, 'W'.repeat(40)), 32)).draw(100_000);
    expect(width).toBeLessThanOrEqual(16_000);
    expect(height).toBeGreaterThan(1000);
  });
});

describe('text', () => {
  it('is outlines, of one width for every machine', async () => {
    const typeface = await loadTypeface();
    // An em of DejaVu Sans has 2048 units; A has 1401 of them, a space 651.
    expect(typeface.width('A A', 2048)).toBe(1401 + 651 + 1401);
    expect(typeface.outline(' ', 0, 0, 12)).toBe('');
    expect(typeface.outline('l', 5, 20, 10)).toMatch(/^M5\.\d+ /);
  });

  it.each(['Straße', 'Ąé', 'Ωμ', 'Дорога', '…–'])('has the letters of %s', async (text) => {
    const typeface = await loadTypeface();
    const box = typeface.outline('\u{10ffff}', 0, 0, 100);
    for (const letter of text) expect(typeface.outline(letter, 0, 0, 100)).not.toBe(box);
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
