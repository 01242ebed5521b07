import { describe, expect, it } from 'vitest';
import { duration, flops, rate } from '../../src/index.js';

describe('option parsers', () => {
  it('read rates, times and operations', () => {
    expect(rate('100Gbit')).toBe(1.25e10);
    expect(rate('12.5 GB/s')).toBe(1.25e10);
    expect(rate('200 Mbit/s')).toBe(2.5e7);
    expect(flops('10T')).toBe(1e13);
    expect(flops('19.5 TFLOP/s')).toBe(1.95e13);
    expect(duration('5us')).toBeCloseTo(5e-6, 12);
    expect(duration('250ms')).toBeCloseTo(0.25, 12);
    expect(duration('30d')).toBe(2_592_000);
  });

  it('refuse others', () => {
    expect(() => rate('100')).toThrow('a rate, such as 100Gbit');
    expect(() => rate('..Gbit')).toThrow('a rate');
    expect(() => duration('5')).toThrow('a time, such as 5us');
    expect(() => duration('0s')).toThrow('a time');
    expect(() => flops('fast')).toThrow('operations per second');
  });
});
