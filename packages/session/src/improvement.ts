/** A series of results that should grow, as early stopping sees it. */
export interface Improvement {
  /** The last result that counted as an improvement; null: none yet. */
  readonly resultToBeat: number | null;
  /** Results since then. */
  readonly sinceBest: number;
}

/**
 * Adds a result by the rule of Keras' and Lightning's EarlyStopping: it counts if it is the first, or if
 *
 *     result − minDelta > resultToBeat
 *
 * Smaller gains do not move `resultToBeat`, so several of them together count. NaN does not count.
 */
export function improved(
  { resultToBeat, sinceBest }: Improvement,
  result: number,
  minDelta: number,
): Improvement {
  const counts = result - minDelta > (resultToBeat ?? Number.NEGATIVE_INFINITY);
  return counts ? { resultToBeat: result, sinceBest: 0 } : { resultToBeat, sinceBest: sinceBest + 1 };
}
