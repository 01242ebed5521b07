import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  centerBox,
  randomCropBox,
  resizedTo,
  roundHalfEven,
  shorterSideTo,
  sizeOf,
} from '../src/geometry.js';
import { Random, Stream } from '../src/random.js';

const AREA = [0.08, 1] as const;
const ASPECT = [3 / 4, 4 / 3] as const;
const randomOf = (index: number) => new Random(0, Stream.augmentation, 0, index);

it('rounds half to even, like Python', () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6, -1.5, -2.5].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3, -2, -2]);
});

it('truncates the longer side', () => {
  expect(shorterSideTo({ width: 500, height: 375 }, 256)).toEqual({ width: 341, height: 256 });
  expect(shorterSideTo({ width: 375, height: 500 }, 256)).toEqual({ width: 256, height: 341 });
});

it('resizes the shorter side to a number and both sides to a pair', () => {
  expect(resizedTo({ width: 500, height: 375 }, 256)).toEqual({ width: 341, height: 256 });
  expect(resizedTo({ width: 500, height: 375 }, [120, 90])).toEqual({ width: 90, height: 120 });
  expect(resizedTo({ width: 500, height: 375 }, -1)).toEqual({ width: 500, height: 375 });
});

it('centers a box, rounding half to even, even around a smaller image', () => {
  expect(centerBox({ width: 341, height: 256 }, sizeOf('crop', 224))).toEqual({
    left: 58,
    top: 16,
    width: 224,
    height: 224,
  });
  expect(centerBox({ width: 31, height: 29 }, sizeOf('crop', 28))).toMatchObject({ left: 2, top: 0 });
  expect(centerBox({ width: 20, height: 23 }, sizeOf('crop', 28))).toMatchObject({ left: -4, top: -2 });
  expect(centerBox({ width: 40, height: 23 }, sizeOf('crop', [28, 31]))).toEqual({
    left: 4,
    top: -2,
    width: 31,
    height: 28,
  });
});

describe('randomCropBox', () => {
  it('stays inside the image with an allowed area and aspect, up to rounding', () => {
    const side = fc.integer({ min: 16, max: 600 });
    fc.assert(
      fc.property(side, side, fc.nat(10_000), (width, height, index) => {
        fc.pre(width / height > 0.75 && width / height < 4 / 3);
        const box = randomCropBox({ width, height }, randomOf(index), AREA, ASPECT);
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.top).toBeGreaterThanOrEqual(0);
        expect(box.left + box.width).toBeLessThanOrEqual(width);
        expect(box.top + box.height).toBeLessThanOrEqual(height);
        const slack = (box.width + box.height + 1) / 2;
        expect(box.width * box.height).toBeGreaterThan(0.08 * width * height - slack);
        expect((box.width - 0.5) / (box.height + 0.5)).toBeLessThanOrEqual(4 / 3);
        expect((box.width + 0.5) / (box.height - 0.5)).toBeGreaterThanOrEqual(3 / 4);
      }),
    );
  });

  it('reaches every corner of the image', () => {
    const boxes = Array.from({ length: 500 }, (_, i) =>
      randomCropBox({ width: 28, height: 28 }, randomOf(i), AREA, ASPECT),
    );
    expect(Math.min(...boxes.map((box) => box.left + box.top))).toBe(0);
    expect(Math.max(...boxes.map((box) => box.left + box.width))).toBe(28);
    expect(Math.max(...boxes.map((box) => box.top + box.height))).toBe(28);
  });

  it('falls back to the largest centered box of an elongated image', () => {
    const wide = randomCropBox({ width: 900, height: 3 }, randomOf(0), [0.9, 1], ASPECT);
    expect(wide).toEqual({ left: 448, top: 0, width: 4, height: 3 });
    const tall = randomCropBox({ width: 3, height: 900 }, randomOf(0), [0.9, 1], ASPECT);
    expect(tall).toEqual({ left: 0, top: 448, width: 3, height: 4 });
  });
});
