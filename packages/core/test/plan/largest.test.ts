import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { largestWithin, smallestPlanned } from '../../src/plan/largest.js';

it('is the largest size whose bytes fit, found with few plans', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 100_000 }),
      (fixed, each, wave, budget) => {
        let plans = 0;
        // Nearly linear, and never decreasing.
        const bytesAt = (size: number) => {
          plans += 1;
          return fixed + size * each + wave * Math.floor(Math.log2(size));
        };
        const found = largestWithin(budget, bytesAt);
        const size = found?.size ?? 0;
        if (found) expect(bytesAt(size)).toBe(found.bytes);
        if (size > 0) expect(bytesAt(size)).toBeLessThanOrEqual(budget);
        if (size < 65_536) expect(bytesAt(size + 1)).toBeGreaterThan(budget);
        expect(plans).toBeLessThan(26);
      },
    ),
  );
});

it('needs few plans if bytes are linear in the batch size', () => {
  const sizes: number[] = [];
  const found = largestWithin(2e9, (size) => {
    sizes.push(size);
    return 90e6 + size * 836_000;
  });
  expect(found?.size).toBe(Math.floor((2e9 - 90e6) / 836_000));
  expect(sizes.length).toBeLessThan(8);
});

it('finds the same from any guess, and with fewer plans from a good one', () => {
  const found = (guess?: number) => {
    let plans = 0;
    const bytesAt = (size: number) => {
      plans += 1;
      return 900 + 37 * size + 5 * Math.floor(Math.log2(size));
    };
    const { size = 0, bytes = 0 } = largestWithin(50_000, bytesAt, undefined, 1, guess) ?? {};
    return { size, bytes, plans };
  };
  const { size, bytes, plans } = found();
  for (const guess of [0, 1, 2, 100, size - 1, size, size + 1, 5000, 65_536, 1e9]) {
    expect(found(guess)).toMatchObject({ size, bytes });
  }
  // The smallest, the guess and the size after it.
  expect(found(size).plans).toBe(3);
  expect(plans).toBeGreaterThan(3);
});

it('handles step functions as well as lines', () => {
  expect(largestWithin(100, (size) => (size <= 37 ? 10 : 1000))?.size).toBe(37);
  expect(largestWithin(100, (size) => (size <= 5000 ? 100 : 101))?.size).toBe(5000);
  expect(largestWithin(9, () => 10)).toBeNull();
});

it('starts at the smallest size that has a plan', () => {
  const from = (least: number) => (size: number) => {
    if (size < least) throw new ShapeError('no variance');
    return 10 * size;
  };
  expect(largestWithin(105, from(4))).toEqual({ size: 10, bytes: 100 });
  expect(largestWithin(39, from(4))).toBeNull();
  expect(smallestPlanned(from(4))).toEqual({ size: 4, bytes: 40 });
  expect(() => largestWithin(105, from(1000))).toThrow('no variance');
  expect(largestWithin(20_000, from(1000), undefined, 960)).toEqual({ size: 2000, bytes: 20_000 });
  expect(smallestPlanned(from(1), undefined, 128)).toEqual({ size: 128, bytes: 1280 });
});
