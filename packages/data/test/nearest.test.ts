import { describe, expect, it } from 'vitest';
import { nearestPositions, resizeNearest } from '../src/nearest.js';
import { fixture, sha256 } from './segmentation.js';

describe('nearest neighbor', () => {
  it.each(fixture.nearest)('takes the positions of PIL: $from to $to', ({ from, to, positions }) => {
    const received = nearestPositions(from, to);
    expect(typeof positions === 'string' ? sha256(received) : [...received]).toEqual(positions);
  });

  it('resizes rows and columns', () => {
    const map = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const size = { width: 3, height: 2 };
    expect([...resizeNearest(map, size, { width: 2, height: 3 })]).toEqual([1, 3, 4, 6, 4, 6]);
    expect([...resizeNearest(map, size, { width: 1, height: 1 })]).toEqual([5]);
    expect(resizeNearest(map, size, size)).toEqual(map);
    expect(resizeNearest(map, size, size)).not.toBe(map);
  });

  it('rejects sizes that do not match', () => {
    const map = new Uint8Array(6);
    expect(() => resizeNearest(map, { width: 3, height: 3 }, { width: 1, height: 1 })).toThrow(
      'Expected 3×3 = 9 bytes for map but received 6',
    );
    expect(() => resizeNearest(map, { width: 3, height: 2 }, { width: 1, height: 0 })).toThrow(
      'Expected a whole number of pixels above 0 for to.height but received 0',
    );
  });
});
