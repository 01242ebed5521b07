/** No batch that anybody plans comes near it. */
const MOST = 2 ** 16;

/**
 * The largest size from 1 to 65,536 whose bytes are within a budget, and its bytes; null where size 1 is too large. `bytesAt` must
 * grow with the size: it is asked for powers of two, then for halves in between.
 */
export function largestWithin(
  budget: number,
  bytesAt: (size: number) => number,
): { readonly size: number; readonly bytes: number } | null {
  const least = bytesAt(1);
  if (least > budget) return null;
  let [fits, fitting] = [1, least];
  let tooLarge = 2;
  for (let bytes = bytesAt(tooLarge); bytes <= budget && tooLarge < MOST; bytes = bytesAt(tooLarge)) {
    [fits, fitting] = [tooLarge, bytes];
    tooLarge *= 2;
  }
  while (tooLarge - fits > 1) {
    const middle = (fits + tooLarge) >> 1;
    const bytes = bytesAt(middle);
    if (bytes <= budget) [fits, fitting] = [middle, bytes];
    else tooLarge = middle;
  }
  return { size: fits, bytes: fitting };
}
