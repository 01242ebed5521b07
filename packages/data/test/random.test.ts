import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32, Random, Stream } from '../src/random.js';
import { permutation } from '../src/sampler.js';

describe('philox4x32', () => {
  // Known answers of the Random123 library (kat_vectors, philox4x32, 10 rounds).
  it.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8'] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: ['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd'],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: ['d16cfe09', '94fdcceb', '5001e420', '24126ea1'],
    },
  ])('gives $words for $counter', ({ counter, key, words }) => {
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
    const [k0 = 0, k1 = 0] = key;
    const block = new Uint32Array(4);
    philox4x32(block, c0, c1, c2, c3, k0, k1);
    expect([...block].map((word) => word.toString(16).padStart(8, '0'))).toEqual(words);
  });
});

describe('Random', () => {
  const take = (random: Random) => Array.from({ length: 9 }, () => random.uint32());

  it('is a function of seed, stream, epoch and index', () => {
    const reference = take(new Random(7, Stream.augmentation, 2, 5));
    expect(take(new Random(7, Stream.augmentation, 2, 5))).toEqual(reference);
    const others = [
      new Random(8, Stream.augmentation, 2, 5),
      new Random(7 + 2 ** 32, Stream.augmentation, 2, 5),
      new Random(7, Stream.permutation, 2, 5),
      new Random(7, Stream.augmentation, 3, 5),
      new Random(7, Stream.augmentation, 2, 6),
    ];
    for (const other of others) expect(take(other)).not.toEqual(reference);
  });

  it('draws integers below a bound uniformly', () => {
    const random = new Random(1, Stream.augmentation, 0, 0);
    const counts = new Int32Array(6);
    for (let i = 0; i < 6000; i++) {
      const drawn = random.below(6);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    // Six standard deviations (29 each) to either side.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(6 * 29);
  });

  it('draws normal numbers with the requested deviation', () => {
    const random = new Random(1, Stream.augmentation, 0, 0);
    const drawn = Array.from({ length: 20000 }, () => random.normal(0.1));
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean)).toBeLessThan(0.005);
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2);
    expect(drawn.every(Number.isFinite)).toBe(true);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('rejects the seed %s', (seed) => {
    expect(() => new Random(seed, Stream.augmentation, 0, 0)).toThrow(/Expected a whole number.*for seed/);
  });
});

describe('permutation', () => {
  it('visits every index once and is a function of seed and epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat(), fc.nat(1000), (length, seed, epoch) => {
        const order = permutation(length, seed, epoch);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
        expect(permutation(length, seed, epoch)).toEqual(order);
      }),
    );
  });

  it('differs between epochs and between seeds', () => {
    const order = permutation(100, 3, 0);
    expect(permutation(100, 3, 1)).not.toEqual(order);
    expect(permutation(100, 4, 0)).not.toEqual(order);
  });
});
