import { describe, expect, it } from 'vitest';
import { digest, digestError } from './digest.js';
import { readJson } from './fixtures.js';
import { bits, bytes, integers, normal, parameter, streamKey, uniform } from './prng.js';

interface PrngFixture {
  keys: Record<string, number>;
  bits: Record<string, number[]>;
  uniform: Record<string, number[]>;
  normal: Record<string, number[]>;
  integers: Record<string, number[]>;
  bytes: Record<string, number[]>;
  parameters: Record<string, { shape: number[]; values: number[]; digest: number[] }>;
}

const fixture = readJson<PrngFixture>(new URL('../fixtures/prng.json', import.meta.url));

describe('the generator shared with Python', () => {
  it.each(Object.keys(fixture.keys))('gives the stored numbers of the stream "%s"', (name) => {
    const hash = bits(name);
    expect(streamKey(name)).toBe(fixture.keys[name]);
    expect([0, 1, 2, 3, 2e9, 2e9 + 1].map(hash)).toEqual(fixture.bits[name]);
    expect([...uniform(name, [5], -0.3, 0.7)]).toEqual(fixture.uniform[name]);
    expect([...normal(name, [5], 0.5, 3)]).toEqual(fixture.normal[name]);
    expect([...integers(name, [8], 10)]).toEqual(fixture.integers[name]);
    expect([...bytes(name, [8])]).toEqual(fixture.bytes[name]);
  });

  it.each(Object.entries(fixture.parameters))('gives the stored values and digest of %s', (name, stored) => {
    const values = parameter(name, stored.shape);
    expect([...values]).toEqual(stored.values);
    expect(digestError(name, values, stored.digest)).toBeLessThan(1e-8);
  });

  it('rejects a parameter without a rule', () => {
    expect(() => parameter('mod1.bn1.scale', [3])).toThrow('mod1.bn1.scale of shape 3');
  });
});

describe('digestError', () => {
  const x = normal('x', [1000]);
  const stored = digest('x', x);

  it('grows with the relative error of the tensor', () => {
    const noise = normal('noise', [1000]);
    const off = (e: number) =>
      digestError(
        'x',
        x.map((v, i) => v + e * (noise[i] ?? 0)),
        stored,
      );
    expect(off(0)).toBe(0);
    expect(off(1e-3)).toBeGreaterThan(3e-4);
    expect(off(1e-3)).toBeLessThan(4e-3);
  });

  it('detects two swapped elements, a wrong size and NaN', () => {
    const swapped = x.slice();
    swapped.set([x[1] ?? 0, x[0] ?? 0]);
    expect(digestError('x', swapped, stored)).toBeGreaterThan(1e-3);
    expect(digestError('x', x.subarray(0, 10), stored)).toBe(Number.POSITIVE_INFINITY);
    expect(digestError('x', x.with(500, Number.NaN), stored)).toBe(Number.POSITIVE_INFINITY);
  });
});
