import { Tracer, type Value } from '@inplace-abn/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsOf } from '../../src/index.js';

function values(sizes: readonly number[]): Value[] {
  const tracer = new Tracer();
  return sizes.map((size, i) => tracer.input(`g${i}`, [size], 'float32'));
}

describe('bucketsOf', () => {
  it('puts each gradient in exactly one bucket, in computation order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }),
        fc.nat(200),
        fc.nat(80),
        (sizes, bytes, edgeBytes) => {
          const all = values(sizes);
          const buckets = bucketsOf([...all].reverse(), { bytes, edgeBytes });
          expect(buckets.flat()).toEqual(all);
          expect(buckets.every((bucket) => bucket.length > 0)).toBe(true);
        },
      ),
    );
  });

  it('has no larger buckets at its ends than in between', () => {
    const found = bucketsOf(values([50, 50, 50, 50, 50]), { bytes: 400 });
    expect(found.map((bucket) => bucket.length)).toEqual([2, 1, 2]);
  });

  it('starts and ends with small buckets', () => {
    const sizes = [10, 10, 100, 100, 100, 100, 10, 5, 5];
    const found = bucketsOf(values(sizes), { bytes: 800, edgeBytes: 80 });
    expect(found.map((bucket) => bucket.map(({ shape }) => shape[0]))).toEqual([
      [10, 10],
      [100, 100],
      [100, 100],
      [10, 5, 5],
    ]);
  });
});
