import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applySteps, type Interpolation } from '../src/augment.js';
import {
  OPERATIONS,
  type Operation,
  type Policy,
  randAugment,
  randMagnitude,
  type Step,
  trivialAugmentWide,
  wideMagnitude,
} from '../src/augment-policy.js';
import { type ColorMatrix, identityColor } from '../src/color.js';
import type { Size } from '../src/geometry.js';
import { Random, Stream } from '../src/random.js';
import { type TrainTransformOptions, trainTransform } from '../src/transform.js';
import { makeImage } from './images.js';

interface Fixture {
  readonly size: Size;
  readonly bins: number;
  readonly operations: readonly string[];
  readonly rand: Readonly<Record<string, readonly number[]>>;
  readonly wide: Readonly<Record<string, readonly number[]>>;
  readonly cases: readonly {
    readonly steps: readonly Step[];
    readonly interpolation: Interpolation;
    readonly pixels: string;
  }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('fixtures/augment.json', import.meta.url), 'utf8'));
const { size, bins } = fixture;

/** The image of make_augment.py. */
function pattern(): Uint8Array {
  const tile = (x: number, y: number) => (Math.floor(x / 4) + Math.floor(y / 3)) % 2;
  const { data } = makeImage(size.width, size.height, 3, (x, y, c) => {
    const value = (x * 11 + y * 7 + c * 41 + ((x * y + c) % 5) * 29 + tile(x, y) * 90) % 256;
    return c === 0 ? 20 + Math.floor((value * 200) / 255) : value;
  });
  return data;
}

const cases = fixture.cases.map(({ steps, interpolation, pixels }) => ({
  steps,
  interpolation,
  name: steps.map(({ operation, magnitude }) => `${operation} ${magnitude.toFixed(2)}`).join(', '),
  expected: [...Buffer.from(pixels, 'base64')],
}));

describe('the operations of RandAugment and TrivialAugmentWide', () => {
  it.each(cases)("give torchvision's pixels for a PIL image: $name, $interpolation", (given) => {
    const pixels = pattern();
    applySteps(pixels, size, given.steps, given.interpolation, null);
    expect([...pixels]).toEqual(given.expected);
  });

  it('stay within 1/255 on average if the color matrix absorbs the last ones', () => {
    let folded = 0;
    for (const { steps, interpolation, expected } of cases) {
      const [pixels, matrix] = [pattern(), identityColor()];
      applySteps(pixels, size, steps, interpolation, matrix);
      if (matrix.some((value, i) => value !== identityColor()[i])) folded++;
      const mapped = colored(pixels, matrix);
      const difference = mapped.reduce((sum, value, i) => sum + Math.abs(value - (expected[i] ?? 0)), 0);
      expect(difference / expected.length, JSON.stringify(steps)).toBeLessThan(1);
    }
    // Brightness, color and contrast below 1, and the sequence that ends with brightness.
    expect(folded).toBe(3 * 3 + 1);
  });
});

/** Applies a color matrix to bytes. */
function colored(pixels: Uint8Array, m: ColorMatrix): number[] {
  const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;
  return Array.from(pixels, (_, i) => {
    const [first, row] = [i - (i % 3), 4 * (i % 3)];
    const sum = [0, 1, 2].reduce((total, k) => total + at(m, row + k) * at(pixels, first + k), 0);
    return sum + 255 * at(m, row + 3);
  });
}

/** torch.linspace is vectorized, so its float32 may differ in the last bit; whole pixels may not. */
function expectMagnitudes(found: readonly number[], expected: readonly number[], operation: Operation): void {
  for (const [i, value] of expected.entries()) {
    const magnitude = found[i] ?? Number.NaN;
    expect(Math.abs(magnitude - value), operation).toBeLessThanOrEqual(value * 2 ** -23);
    if (operation.startsWith('Translate')) expect(Math.trunc(magnitude)).toBe(Math.trunc(value));
  }
}

describe('the policies', () => {
  it("have torchvision's operations, in its order, with its magnitudes", () => {
    expect(OPERATIONS).toEqual(fixture.operations);
    for (const operation of OPERATIONS) {
      const of = (magnitude: typeof randMagnitude, count: number) =>
        Array.from({ length: count }, (_, i) => magnitude(operation, i, size, bins));
      const [rand = [], wide = []] = [fixture.rand[operation], fixture.wide[operation]];
      expectMagnitudes(of(randMagnitude, rand.length), rand, operation);
      expectMagnitudes(of(wideMagnitude, wide.length), wide, operation);
    }
  });

  const draws = (policy: Policy, count: number): Step[][] =>
    Array.from({ length: count }, (_, i) => policy(new Random(5, Stream.augmentation, 0, i), size));

  it('draw every operation equally often, and both signs of signed ones', () => {
    const steps = draws(randAugment({ numOps: 3 }), 4000).flat();
    expect(steps).toHaveLength(12_000);
    for (const operation of OPERATIONS) {
      const own = steps.filter((step) => step.operation === operation);
      expect(own.length / steps.length).toBeCloseTo(1 / 14, 1.7);
      const greatest = randMagnitude(operation, 9, size, bins);
      const negative = own.filter(({ magnitude }) => magnitude < 0).length / own.length;
      expect(new Set(own.map(({ magnitude }) => Math.abs(magnitude)))).toEqual(new Set([greatest]));
      const either: readonly Operation[] = OPERATIONS.slice(1, 10);
      expect(negative, operation).toBeCloseTo(either.includes(operation) ? 0.5 : 0, 1);
    }
  });

  it('draw one operation of any magnitude for TrivialAugmentWide', () => {
    const drawn = draws(trivialAugmentWide(), 6000);
    expect(drawn.every((steps) => steps.length === 1)).toBe(true);
    const turns = drawn.flat().filter(({ operation }) => operation === 'Rotate');
    expect(new Set(turns.map(({ magnitude }) => Math.abs(magnitude))).size).toBe(bins);
  });

  it.each([
    ['numOps', 0, 'of at least 1'],
    ['magnitude', 31, 'from 0 to 30'],
    ['numMagnitudeBins', 1, 'of at least 2'],
  ])('refuse %s %d', (name, value, expected) => {
    expect(() => randAugment({ [name]: value })).toThrow(`${expected} for ${name} but received ${value}`);
  });
});

const SIDE = 32;
const photograph = makeImage(48, 40, 3, (x, y, c) => (x * 5 + y * 3 + c * 60) % 256);

function transformed(options: TrainTransformOptions, index: number) {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  const color = new Float32Array(12);
  const transform = trainTransform({ crop: SIDE, ...options });
  transform.apply(photograph, new Random(1, Stream.augmentation, 0, index), pixels, color);
  return { pixels: [...pixels], color: [...color] };
}

describe('trainTransform with a policy', () => {
  it.each([{ randAugment: {} }, { trivialAugment: true }])(
    'changes images after crop and flip: %o',
    (options) => {
      const indices = Array.from({ length: 80 }, (_, i) => i);
      const same = indices.filter(
        (i) => JSON.stringify(transformed(options, i)) === JSON.stringify(transformed({}, i)),
      );
      // Identity leaves an image unchanged: one in 14 with one operation, one in 196 with two.
      expect(same.length).toBeLessThan(20);
      if (options.trivialAugment) expect(same.length).toBeGreaterThan(0);
      expect(transformed(options, 3)).toEqual(transformed(options, 3));
    },
  );

  it('refuses both policies at once', () => {
    expect(() => trainTransform({ randAugment: {}, trivialAugment: true })).toThrow('received both');
  });
});
