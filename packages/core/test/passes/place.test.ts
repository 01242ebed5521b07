import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align, type Lifetime, liveSums, type Packing, place, placeAs } from '../../src/passes/place.js';
import { expectSoundPlacement } from '../support/placement.js';

const lifetimes = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 0, max: 5000 }), start: fc.nat(40), length: fc.nat(20) })
    .map(({ bytes, start, length }): Lifetime => ({ bytes, start, end: start + length })),
  { maxLength: 60 },
);

const at = (bytes: number, start: number, end: number): Lifetime => ({ bytes, start, end });

describe('place', () => {
  it('never overlaps live buffers, in an arena at least as large as the live bytes', () => {
    fc.assert(
      fc.property(lifetimes, (list) => {
        const { offsets, arenaBytes, liveBytes } = place(list);
        expectSoundPlacement(
          list.map((lifetime, i) => ({ ...lifetime, offset: offsets[i] ?? -1 })),
          arenaBytes,
        );
        expect(arenaBytes).toBeGreaterThanOrEqual(liveBytes);
        expect(liveBytes).toBe(Math.max(0, ...liveSums(list)));
      }),
    );
  });

  it('is optimal for nested lifetimes', () => {
    // Like a stack, as in forward and backward: each buffer dies before those created before it.
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 30 }), (sizes) => {
        const nested = sizes.map((bytes, i) => at(bytes, i, 100 - i));
        const { arenaBytes, liveBytes } = place(nested);
        expect(arenaBytes).toBe(liveBytes);
      }),
    );
  });

  it('is deterministic', () => {
    fc.assert(
      fc.property(lifetimes, (list) => {
        expect(place(list)).toEqual(place(list));
      }),
    );
  });

  it('can be reproduced from its packing', () => {
    fc.assert(
      fc.property(lifetimes, (list) => {
        const placement = place(list);
        expect(placeAs(placement.packing, list)).toEqual(placement);
      }),
    );
  });

  it.each([
    { order: [0, 0], fit: 'tightest' },
    { order: [0], fit: 'tightest' },
    { order: [0, 1, 0], fit: 'tightest' },
    { order: [0, 2], fit: 'lowest' },
    { order: [0, 1], fit: 'loosest' },
  ])('rejects another packing: $order $fit', (packing) => {
    expect(() => placeAs(packing as Packing, [at(64, 0, 1), at(64, 0, 1)])).toThrow(RangeError);
  });

  it('reuses memory after its buffer dies, but not in the same instruction', () => {
    const packing = { order: [0, 1], fit: 'tightest' };
    expect(place([at(64, 0, 1), at(64, 2, 3)])).toEqual({
      offsets: [0, 0],
      arenaBytes: 64,
      liveBytes: 64,
      packing,
    });
    expect(place([at(64, 0, 1), at(64, 1, 3)]).arenaBytes).toBe(128);
  });

  it('fills gaps', () => {
    const { arenaBytes } = place([at(640, 0, 9), at(128, 0, 2), at(640, 0, 9), at(64, 3, 5), at(64, 3, 5)]);
    expect(arenaBytes).toBe(640 + 128 + 640);
  });

  it('retries with the buffer that exceeds the arena placed first', () => {
    // Found by search: every order without improvement needs at least 448 bytes.
    const list = [at(64, 5, 9), at(64, 4, 7), at(256, 7, 7), at(192, 3, 4), at(128, 2, 5), at(64, 0, 3)];
    const { arenaBytes, liveBytes } = place(list);
    expect(arenaBytes).toBe(384);
    expect(liveBytes).toBe(384);
  });

  it('rounds up to whole cache lines', () => {
    expect([0, 1, 64, 65].map(align)).toEqual([0, 64, 64, 128]);
    expect(liveSums([at(1, 0, 1), at(65, 1, 2)])).toEqual([64, 192, 128]);
    const packing = { order: [], fit: 'tightest' };
    expect(place([])).toEqual({ offsets: [], arenaBytes: 0, liveBytes: 0, packing });
  });
});
