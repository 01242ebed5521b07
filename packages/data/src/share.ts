/** Divides the images of a batch over processes. */

/** A process among those that share the work. */
export interface ShareOptions {
  /** Index of the process, from 0 to `size` − 1. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
}

/** The part of every batch that one of several processes loads. */
export interface Share {
  /** Index of its first item. */
  readonly begin: number;
  /** One past the index of its last item. */
  readonly end: number;
}

/**
 * The contiguous part of `total` items that process `rank` owns. The first `total` mod `size` processes get
 * one item more than the others. May be empty.
 *
 * @throws RangeError unless `rank` is an integer from 0 to size − 1
 */
export function shareOf(total: number, { rank, size }: ShareOptions): Share {
  if (!(Number.isInteger(size) && Number.isInteger(rank) && rank >= 0 && rank < size)) {
    throw new RangeError(`process ${rank} of ${size}: ranks run from 0 to size − 1`);
  }
  const [least, more] = [Math.floor(total / size), total % size];
  const begin = rank * least + Math.min(rank, more);
  return { begin, end: begin + least + (rank < more ? 1 : 0) };
}

/** Number of items in that part. */
export function shareSize(total: number, share: ShareOptions): number {
  const { begin, end } = shareOf(total, share);
  return end - begin;
}
