/** No batch that anybody plans comes near it. */
const MOST = 2 ** 16;

/**
 * The largest size from 1 to 65,536 whose bytes are within a budget, and its bytes; null where size 1 is too large. `bytesAt` must
 * grow with the size; it is asked least often where it grows as a line does.
 */
export function largestWithin(
  budget: number,
  bytesAt: (size: number) => number,
): { readonly size: number; readonly bytes: number } | null {
  const at = (size: number): Sized => ({ size, bytes: bytesAt(size) });
  let fits = at(1);
  if (fits.bytes > budget) return null;
  let tooLarge: Sized | null = null;
  let before: Sized = { size: 0, bytes: 0 };
  for (let turn = 0; tooLarge ? tooLarge.size - fits.size > 1 : fits.size < MOST; turn++) {
    // A line through two sizes is nearly right; every third time half of the way, should it not be.
    const [a, b]: readonly [Sized, Sized] = tooLarge ? [fits, tooLarge] : [before, fits];
    const line = a.size + ((budget - a.bytes) * (b.size - a.size)) / Math.max(1, b.bytes - a.bytes);
    const half = tooLarge ? (fits.size + tooLarge.size) / 2 : 2 * fits.size;
    const most = tooLarge ? tooLarge.size - 1 : MOST;
    const next = at(Math.min(most, Math.max(fits.size + 1, Math.floor(turn % 3 === 2 ? half : line))));
    if (next.bytes > budget) tooLarge = next;
    else [before, fits] = [fits, next];
  }
  return fits;
}

interface Sized {
  readonly size: number;
  readonly bytes: number;
}
