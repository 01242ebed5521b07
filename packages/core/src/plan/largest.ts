/** Upper bound of the search, far beyond any realistic batch size. */
const MOST = 2 ** 16;

/**
 * Finds the largest size from 1 to `most` whose bytes fit a budget.
 *
 * @param bytesAt bytes at a size; must not decrease with the size, and is called least often if it is nearly
 * linear
 * @returns the size and its bytes; null if even size 1 is too large
 */
export function largestWithin(
  budget: number,
  bytesAt: (size: number) => number,
  most = MOST,
): { readonly size: number; readonly bytes: number } | null {
  const at = (size: number): Sized => ({ size, bytes: bytesAt(size) });
  let fits = at(1);
  if (fits.bytes > budget) return null;
  let tooLarge: Sized | null = null;
  let before: Sized = { size: 0, bytes: 0 };
  for (let turn = 0; tooLarge ? tooLarge.size - fits.size > 1 : fits.size < most; turn++) {
    // Interpolation is usually close; every third attempt bisects in case it is not.
    const [a, b]: readonly [Sized, Sized] = tooLarge ? [fits, tooLarge] : [before, fits];
    const line = a.size + ((budget - a.bytes) * (b.size - a.size)) / Math.max(1, b.bytes - a.bytes);
    const half = tooLarge ? (fits.size + tooLarge.size) / 2 : 2 * fits.size;
    const limit = tooLarge ? tooLarge.size - 1 : most;
    const next = at(Math.min(limit, Math.max(fits.size + 1, Math.floor(turn % 3 === 2 ? half : line))));
    if (next.bytes > budget) tooLarge = next;
    else [before, fits] = [fits, next];
  }
  return fits;
}

interface Sized {
  readonly size: number;
  readonly bytes: number;
}
