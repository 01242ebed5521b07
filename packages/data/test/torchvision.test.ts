import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  addLighting,
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  type ColorMatrix,
  identityColor,
  jitterColor,
  meanRgb,
  normalizeColor,
  type Rgb,
} from '../src/color.js';
import { decodeOnPool } from '../src/decode.js';
import { randomCropBox } from '../src/geometry.js';
import { Random, Stream } from '../src/random.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../src/transform.js';

// Made by tools/oracle/make_transforms.py.
const read = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8'));

type Measured = 'area' | 'aspect' | 'left' | 'top';
interface Crops {
  levels: number[];
  sizes: ({ width: number; height: number } & Record<Measured, number[]>)[];
}
interface Colors {
  cases: { order: Operation[]; factors: Rgb; alpha: Rgb; pixels: number[]; result: number[] }[];
}
interface Jpegs {
  cases: { about: string; file: string; sha256: string }[];
}

/** Largest distance between the empirical distribution of `values` and one with these quantiles. */
function distance(values: number[], quantiles: readonly number[], levels: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const share = (below: (value: number) => boolean) => sorted.filter(below).length / sorted.length;
  return Math.max(
    ...quantiles.map((quantile, i) => {
      const level = levels[i] ?? 0;
      // Boxes are whole pixels: a quantile may have a good part of the mass on it. It was written with six digits.
      const slack = 1e-5 * quantile;
      return Math.max(
        share((value) => value < quantile - slack) - level,
        level - share((value) => value <= quantile + slack),
      );
    }),
  );
}

describe('randomCropBox', () => {
  const DRAWS = 20_000;
  // Kolmogorov and Smirnov's distance of the two samples stays below 1.95·√(1/20,000 + 1/200,000) in 999 of 1000 draws.
  const LIMIT = 1.95 * Math.sqrt(1 / DRAWS + 1 / 200_000);
  const { sizes, levels } = read('crops.json') as Crops;

  it.each(sizes)('draws as RandomResizedCrop does: $width×$height', ({ width, height, ...expected }) => {
    const measured: Record<Measured, number[]> = { area: [], aspect: [], left: [], top: [] };
    for (let i = 0; i < DRAWS; i++) {
      const random = new Random(1, Stream.augmentation, 0, i);
      const box = randomCropBox({ width, height }, random, [0.08, 1], [3 / 4, 4 / 3]);
      measured.area.push((box.width * box.height) / (width * height));
      measured.aspect.push(box.width / box.height);
      measured.left.push(box.left / Math.max(width - box.width, 1));
      measured.top.push(box.top / Math.max(height - box.height, 1));
    }
    for (const name of ['area', 'aspect', 'left', 'top'] as const) {
      expect(distance(measured[name], expected[name], levels), name).toBeLessThan(LIMIT);
    }
  });

  it('would be told from one that draws otherwise', () => {
    const [size] = sizes;
    if (!size) throw new Error('expected a fixture');
    const narrower = Array.from({ length: DRAWS }, (_, i) => {
      const random = new Random(1, Stream.augmentation, 0, i);
      const { width, height } = randomCropBox(size, random, [0.1, 1], [3 / 4, 4 / 3]);
      return (width * height) / (size.width * size.height);
    });
    expect(distance(narrower, size.area, levels)).toBeGreaterThan(LIMIT);
  });
});

type Operation = 'saturation' | 'brightness' | 'contrast';
const OPERATIONS = ['saturation', 'brightness', 'contrast'] as const;

/** A stream that plays given numbers. */
class Scripted extends Random {
  constructor(private readonly numbers: number[]) {
    super(0, Stream.augmentation, 0, 0);
  }
  override uniform(): number {
    return this.numbers.shift() ?? Number.NaN;
  }
  override normal(): number {
    return this.numbers.shift() ?? Number.NaN;
  }
}

function adjust(m: ColorMatrix, operation: Operation, factors: Rgb, mean: Rgb): void {
  const factor = factors[OPERATIONS.indexOf(operation)] ?? Number.NaN;
  if (operation === 'saturation') adjustSaturation(m, factor);
  else if (operation === 'brightness') adjustBrightness(m, factor);
  else adjustContrast(m, factor, mean);
}

describe('the colour matrix', () => {
  const { cases } = read('colors.json') as Colors;

  it.each(cases)('equals $order, lighting and normalisation on pixels', (given) => {
    const { order, factors, alpha, pixels, result } = given;
    const mean = meanRgb(Uint8Array.from(pixels));
    const stepwise = identityColor();
    for (const operation of order) adjust(stepwise, operation, factors, mean);
    addLighting(stepwise, new Scripted([...alpha]));
    const drawn = identityColor();
    jitterColor(drawn, new Scripted([...factors]), mean);
    addLighting(drawn, new Scripted([...alpha]));
    for (const matrix of [stepwise, drawn]) {
      normalizeColor(matrix, IMAGENET_MEAN, IMAGENET_STD);
      const m = (i: number) => matrix[i] ?? Number.NaN;
      for (const [i, expected] of result.entries()) {
        const row = 4 * (i % 3);
        const at = i - (i % 3);
        const rgb = pixels.slice(at, at + 3).map((value) => value / 255);
        const value = m(row + 3) + rgb.reduce((sum, sample, k) => sum + m(row + k) * sample, 0);
        expect(Math.abs(value - expected)).toBeLessThan(1e-7);
      }
    }
  });

  it('has factors uniform in 1 ± 0.4', () => {
    const levels = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
    const quantiles = levels.map((level) => 0.6 + 0.8 * level);
    const draws = Array.from({ length: 20_000 }, (_, i) => {
      const seen: number[] = [];
      const random = new Random(2, Stream.augmentation, 0, i);
      const uniform = random.uniform.bind(random);
      random.uniform = (low, high) => {
        seen.push(uniform(low, high));
        return seen.at(-1) ?? Number.NaN;
      };
      jitterColor(identityColor(), random, [0.5, 0.5, 0.5]);
      return seen;
    });
    for (const k of [0, 1, 2]) {
      const factors = draws.map((seen) => seen[k] ?? Number.NaN);
      expect(distance(factors, quantiles, levels)).toBeLessThan(1.95 / Math.sqrt(20_000));
    }
  });
});

describe('decoded JPEGs', () => {
  const { cases } = read('jpegs.json') as Jpegs;

  it.each(cases)("have Pillow's pixels: $about", async ({ file, sha256 }) => {
    const { data, channels } = await decodeOnPool(Buffer.from(file, 'base64'), 'fixture');
    const pixels =
      channels === 3 ? data : Uint8Array.from([...data].flatMap((value) => [value, value, value]));
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(sha256);
  });
});
