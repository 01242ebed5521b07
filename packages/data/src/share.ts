/** How the images of a batch are divided over processes. */

/** A process's place among those that share the work. */
export interface ShareOptions {
  readonly rank: number;
  readonly size: number;
}

export interface Share {
  readonly begin: number;
  readonly end: number;
}

/**
 * The part of `total` items of process `rank`: contiguous, together all of them, and the first `total` mod `size` processes
 * have one more than the others. It may be empty.
 */
export function shareOf(total: number, { rank, size }: ShareOptions): Share {
  if (!(Number.isInteger(size) && Number.isInteger(rank) && rank >= 0 && rank < size)) {
    throw new RangeError(`process ${rank} of ${size}: processes are counted from 0 to their number less one`);
  }
  const [least, more] = [Math.floor(total / size), total % size];
  const begin = rank * least + Math.min(rank, more);
  return { begin, end: begin + least + (rank < more ? 1 : 0) };
}

/** How many items that is. */
export function shareSize(total: number, share: ShareOptions): number {
  const { begin, end } = shareOf(total, share);
  return end - begin;
}
