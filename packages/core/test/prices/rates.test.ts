/** Rates are recovered from made-up instructions, unless the instructions are all alike. */
import { describe, expect, it } from 'vitest';
import type { PriceEntry } from '../../src/prices/price-list.js';
import { type Rates, ratesOf } from '../../src/prices/rates.js';

const OVERHEAD = 1e-6;
const GENERAL: Rates = { operation: 1e-11, byte: 6e-11 };

function entryOf(operations: number, bytes: number, { operation, byte }: Rates): PriceEntry {
  const what = { op: 'conv2d', dtype: 'float32', key: '', kernel: '', channels: [1, 1], count: 1 } as const;
  return { ...what, operations, bytes, seconds: OVERHEAD + operation * operations + byte * bytes };
}

/** Operations and bytes, with few and many operations per byte. */
const VARIED = [
  [1e6, 4e6],
  [4e8, 1e6],
  [9e7, 9e6],
] as const;

describe('ratesOf', () => {
  it('gives the general rates if they explain the times', () => {
    const entries = VARIED.map(([operations, bytes]) => entryOf(operations, bytes, GENERAL));
    const { operation, byte } = ratesOf(entries, OVERHEAD, GENERAL);
    expect(operation / GENERAL.operation).toBeCloseTo(1, 9);
    expect(byte / GENERAL.byte).toBeCloseTo(1, 9);
  });

  it('finds the rates of the op', () => {
    const own = { operation: 3e-12, byte: 5e-10 };
    const entries = VARIED.map(([operations, bytes]) => entryOf(operations, bytes, own));
    const { operation, byte } = ratesOf(entries, OVERHEAD, GENERAL);
    expect(Math.abs(Math.log2(operation / own.operation))).toBeLessThan(0.5);
    expect(Math.abs(Math.log2(byte / own.byte))).toBeLessThan(0.2);
  });

  it('keeps the general proportion if instructions are alike', () => {
    const own = { operation: 3e-11, byte: 18e-11 };
    const entries = [1, 2, 3].map((times) => entryOf(times * 6e6, times * 1e6, own));
    const { operation, byte } = ratesOf(entries, OVERHEAD, GENERAL);
    expect(byte / operation).toBeCloseTo(6, 3);
  });

  it('stays above zero if bytes seem to take negative time or no time is known', () => {
    const faster = VARIED.map(([operations, bytes]) => ({
      ...entryOf(operations, bytes, GENERAL),
      seconds: 1e-10 * operations,
    }));
    expect(ratesOf(faster, OVERHEAD, GENERAL).byte).toBeGreaterThan(0);
    const idle = VARIED.map(([operations, bytes]) => ({
      ...entryOf(operations, bytes, GENERAL),
      seconds: OVERHEAD,
    }));
    const { operation, byte } = ratesOf(idle, OVERHEAD, GENERAL);
    expect(Math.min(operation, byte)).toBeGreaterThan(0);
    expect(ratesOf([entryOf(0, 1e6, GENERAL)], OVERHEAD, GENERAL).operation).toBe(GENERAL.operation);
  });
});
