/** Invariants of every placement. */
import { expect } from 'vitest';
import { ALIGNMENT, align, type Lifetime } from '../../src/passes/place.js';

type Placed = Lifetime & { readonly offset: number };

const disjoint = (a: Placed, b: Placed): boolean =>
  a.end < b.start ||
  b.end < a.start ||
  a.offset + align(a.bytes) <= b.offset ||
  b.offset + align(b.bytes) <= a.offset;

/** Checks that every buffer is aligned and inside the arena, and that no two live buffers share a byte. */
export function expectSoundPlacement(buffers: readonly Placed[], arenaBytes: number): void {
  buffers.forEach((a, i) => {
    if (a.offset < 0 || a.offset % ALIGNMENT !== 0) expect.fail(`buffer ${i} is at ${a.offset}`);
    if (a.offset + a.bytes > arenaBytes) expect.fail(`buffer ${i} ends beyond the arena of ${arenaBytes}`);
    for (const b of buffers.slice(i + 1)) {
      if (!disjoint(a, b)) expect.fail(`${JSON.stringify(a)} overlaps ${JSON.stringify(b)}`);
    }
  });
}
