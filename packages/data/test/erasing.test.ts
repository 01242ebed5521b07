import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ColorMatrix, identityColor, jitterColor, meanRgb, type Rgb } from '../src/color.js';
import { checkErasing, drawErasing, type ErasingMode, erase } from '../src/erasing.js';
import type { Size } from '../src/geometry.js';
import { Random, Stream } from '../src/random.js';
import { IMAGENET_MEAN, IMAGENET_STD, type TrainTransformOptions, trainTransform } from '../src/transform.js';
import { makeImage } from './images.js';

type Measured = 'area' | 'aspect' | 'left' | 'top';

interface Fixture {
  readonly size: Size;
  readonly draws: number;
  readonly levels: readonly number[];
  readonly quantiles: Readonly<Record<Measured, readonly number[]>>;
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('fixtures/erasing.json', import.meta.url), 'utf8'));
const { size, levels, quantiles } = fixture;
const streamOf = (index: number) => new Random(9, Stream.augmentation, 0, index);

describe('drawErasing', () => {
  it("draws torchvision's boxes", () => {
    const draws = 20_000;
    const measured: Record<Measured, number[]> = { area: [], aspect: [], left: [], top: [] };
    for (let i = 0; i < draws; i++) {
      const box = drawErasing({ probability: 1 }, streamOf(i), size);
      if (!box) throw new Error('expected a box');
      measured.area.push((box.width * box.height) / (size.width * size.height));
      measured.aspect.push(box.height / box.width);
      measured.left.push(box.left / Math.max(size.width - box.width, 1));
      measured.top.push(box.top / Math.max(size.height - box.height, 1));
    }
    // The Kolmogorov–Smirnov distance of the samples stays below this in 999 of 1000 runs.
    const limit = 1.95 * Math.sqrt(1 / draws + 1 / fixture.draws);
    for (const name of ['area', 'aspect', 'left', 'top'] as const) {
      for (const [i, quantile] of quantiles[name].entries()) {
        // Boxes are whole pixels, so one value may carry much of the mass. Quantiles have six digits.
        const [below, upTo] = [quantile - 2e-6, quantile + 2e-6].map(
          (bound) => measured[name].filter((value) => value < bound).length / draws,
        );
        const level = levels[i] ?? Number.NaN;
        expect(Math.max((below ?? 0) - level, level - (upTo ?? 0)), `${name} ${level}`).toBeLessThan(limit);
      }
    }
  });

  it('erases the requested share of images', () => {
    const share = (probability: number) =>
      Array.from({ length: 2000 }, (_, i) => drawErasing({ probability }, streamOf(i), size)).filter(Boolean)
        .length / 2000;
    expect(share(0.25)).toBeCloseTo(0.25, 1);
    expect(share(0)).toBe(0);
  });

  it.each([
    [{ probability: 2 }, 'a probability from 0 to 1 for random erasing but received 2'],
    [{ area: [0.5, 0.2] as const }, 'for the area of random erasing but received [0.5, 0.2]'],
    [{ aspect: [0, 1] as const }, 'for the aspect of random erasing but received [0, 1]'],
  ])('refuses %o', (options, message) => {
    expect(() => checkErasing(options)).toThrow(message);
  });
});

const BOX = { left: 20, top: 10, width: 60, height: 50 };

/** The erased image, and its box after the color matrix and normalization, one list per channel. */
function erased(mode: ErasingMode, matrix: ColorMatrix): { pixels: Uint8Array; normalized: number[][] } {
  const pixels = new Uint8Array(size.width * size.height * 3).fill(7);
  erase(pixels, size, BOX, { mode, mean: IMAGENET_MEAN, std: IMAGENET_STD, matrix }, streamOf(1));
  const normalized: number[][] = [[], [], []];
  for (let y = BOX.top; y < BOX.top + BOX.height; y++) {
    for (let x = BOX.left; x < BOX.left + BOX.width; x++) {
      const rgb = pixels.subarray(3 * (y * size.width + x), 3 * (y * size.width + x) + 3);
      for (const [c, values] of normalized.entries()) {
        const row = matrix.subarray(4 * c, 4 * c + 4);
        const color = rgb.reduce((sum, byte, k) => sum + ((row[k] ?? 0) * byte) / 255, row[3] ?? 0);
        values.push((color - (IMAGENET_MEAN[c] ?? 0)) / (IMAGENET_STD[c] ?? 1));
      }
    }
  }
  return { pixels, normalized };
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const half: Rgb = [0.5, 0.4, 0.6];

function jittered(): ColorMatrix {
  const matrix = identityColor();
  jitterColor(matrix, streamOf(3), half);
  return matrix;
}

describe('erase', () => {
  it.each([
    ['no color map', identityColor()],
    ['color jitter', jittered()],
  ])('fills with 0 after normalization, with %s', (_, matrix) => {
    // The error is half a byte, normalized, of each channel that the matrix mixes in.
    for (const values of erased('const', matrix).normalized) {
      for (const value of values) expect(Math.abs(value)).toBeLessThan(0.02);
    }
  });

  it('touches nothing outside the box', () => {
    const { pixels } = erased('const', identityColor());
    const inside = pixels.filter((value) => value !== 7).length;
    expect(inside).toBe(BOX.width * BOX.height * 3);
  });

  it('draws a normal color for every pixel', () => {
    for (const values of erased('pixel', identityColor()).normalized) {
      expect(meanOf(values)).toBeCloseTo(0, 0.9);
      // Bytes reach two standard deviations, so the tails are cut off.
      const deviation = Math.sqrt(meanOf(values.map((value) => value * value)));
      expect(deviation).toBeGreaterThan(0.9);
      expect(deviation).toBeLessThan(1.05);
    }
  });

  it('fills a box with one random color', () => {
    for (const values of erased('rand', identityColor()).normalized) expect(new Set(values).size).toBe(1);
  });
});

describe('trainTransform with random erasing', () => {
  const photograph = makeImage(48, 40, 3, (x, y, c) => (x * 5 + y * 3 + c * 60) % 256);
  const run = (options: TrainTransformOptions, index: number) => {
    const [pixels, color] = [new Uint8Array(32 * 32 * 3), new Float32Array(12)];
    trainTransform({ crop: 32, ...options }).apply(photograph, streamOf(index), pixels, color);
    return { pixels, color };
  };

  it('replaces a box of the pixels and leaves the rest', () => {
    const plain = run({}, 4);
    const { pixels, color } = run({ randomErasing: { probability: 1, area: [0.1, 0.2] } }, 4);
    const changed = pixels.filter((value, i) => value !== plain.pixels[i]).length / 3;
    expect(changed).toBeGreaterThan(0.08 * 32 * 32);
    expect(changed).toBeLessThan(0.22 * 32 * 32);
    expect(color).toEqual(plain.color);
    expect(run({ randomErasing: { probability: 0 } }, 4).pixels).toEqual(plain.pixels);
  });

  it('erases after color jitter, which sees the whole image', () => {
    const plain = run({ colorJitter: true }, 4);
    const { pixels } = run({ colorJitter: true, randomErasing: { probability: 1 } }, 4);
    expect(meanRgb(pixels)).not.toEqual(meanRgb(plain.pixels));
  });
});
