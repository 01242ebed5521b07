import { ShapeError } from '../errors.js';

/** Upper bound of the search, far beyond any realistic batch size. */
const MOST = 2 ** 16;
/** Number of sizes to try for the smallest that has a plan. */
const TRIED = 64;

/** A size and its bytes. */
export interface Sized {
  /** A number such as the images in a batch. */
  readonly size: number;
  /** Memory that this size takes. */
  readonly bytes: number;
}

/**
 * The smallest size between `least` and `most` that has a plan, among the first 64: a batch of one may have
 * no variance to normalize by.
 *
 * @param bytesAt bytes at a size; throws ShapeError for one that has no plan
 * @param least smallest size to try, such as the number of shards, each of which needs a sample
 * @throws ShapeError, the one for size `least`, if no size has a plan
 */
export function smallestPlanned(bytesAt: (size: number) => number, most = MOST, least = 1): Sized {
  let first: ShapeError | null = null;
  for (let size = least; size <= Math.min(most, least + TRIED - 1); size++) {
    try {
      return { size, bytes: bytesAt(size) };
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      first ??= error;
    }
  }
  throw first ?? new RangeError(`expected a size of at least ${least} but received ${most}`);
}

/**
 * Finds the largest size between `least` and `most` whose bytes fit a budget.
 *
 * @param bytesAt bytes at a size; must not decrease with the size, and is called least often if it is nearly
 *   linear. Throws ShapeError for a size that is too small to be planned
 * @param guess estimate of the result, tried right after the smallest size
 * @returns the size and its bytes; null if even the smallest size that has a plan is too large
 * @throws ShapeError if none of the smallest sizes has a plan
 */
export function largestWithin(
  budget: number,
  bytesAt: (size: number) => number,
  most = MOST,
  least = 1,
  guess?: number,
): Sized | null {
  const at = (size: number): Sized => ({ size, bytes: bytesAt(size) });
  let fits = smallestPlanned(bytesAt, most, least);
  if (fits.bytes > budget) return null;
  let tooLarge: Sized | null = null;
  let before: Sized = { size: 0, bytes: 0 };
  for (let turn = 0; tooLarge ? tooLarge.size - fits.size > 1 : fits.size < most; turn++) {
    // Interpolation is usually close; every third attempt bisects in case it is not.
    const [a, b]: readonly [Sized, Sized] = tooLarge ? [fits, tooLarge] : [before, fits];
    const line = a.size + ((budget - a.bytes) * (b.size - a.size)) / Math.max(1, b.bytes - a.bytes);
    const half = tooLarge ? (fits.size + tooLarge.size) / 2 : 2 * fits.size;
    const limit = tooLarge ? tooLarge.size - 1 : most;
    const aim = turn === 0 && guess !== undefined ? guess : turn % 3 === 2 ? half : line;
    const next = at(Math.min(limit, Math.max(fits.size + 1, Math.floor(aim))));
    if (next.bytes > budget) tooLarge = next;
    else [before, fits] = [fits, next];
  }
  return fits;
}
