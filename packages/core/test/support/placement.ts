/** Invariants of every placement. */
import { expect } from 'vitest';
import { ALIGNMENT, align, type Lifetime } from '../../src/passes/place.js';

type Placed = Lifetime & { readonly offset: number };
/** `top`: the first address after the buffer. */
type Block = Placed & { readonly top: number };

const disjoint = (a: Block, b: Block): boolean =>
  a.end < b.start || b.end < a.start || a.top <= b.offset || b.top <= a.offset;

/** Checks that every buffer is aligned and inside the arena, and that no two live buffers share a byte. */
export function expectSoundPlacement(buffers: readonly Placed[], arenaBytes: number): void {
  const blocks = buffers.map((buffer): Block => ({ ...buffer, top: buffer.offset + align(buffer.bytes) }));
  blocks.forEach((a, i) => {
    if (a.offset < 0 || a.offset % ALIGNMENT !== 0) expect.fail(`buffer ${i} is at ${a.offset}`);
    if (a.offset + a.bytes > arenaBytes) expect.fail(`buffer ${i} ends beyond the arena of ${arenaBytes}`);
    for (const b of blocks.slice(i + 1)) {
      if (!disjoint(a, b)) expect.fail(`${JSON.stringify(a)} overlaps ${JSON.stringify(b)}`);
    }
  });
}
