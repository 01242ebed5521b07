/**
 * Blurring by [1, 2, 1]/4 at every second position of an axis with reflected borders, for the reference
 * kernels.
 */

/**
 * The three input positions of output `out` on an axis of `size`; −1 reflects to 1, and `size` to `size` − 2.
 */
function blurTaps(out: number, size: number): readonly [number, number, number] {
  return [out === 0 ? 1 : 2 * out - 1, 2 * out, 2 * out + 1 < size ? 2 * out + 1 : size - 2];
}

const SHARES = [1, 2, 1] as const;

/**
 * Calls `visit` for every tap of images [N,C,H,W]: the storage-order indices of the pixels in x and y, and
 * the tap's weight.
 */
export function forEachBlurTap(
  images: number,
  height: number,
  width: number,
  visit: (pixel: number, outPixel: number, share: number) => void,
): void {
  const [rows, columns] = [blurred(height), blurred(width)];
  for (let index = 0; index < images * rows * columns; index++) {
    const image = Math.floor(index / (rows * columns));
    const down = blurTaps(Math.floor(index / columns) % rows, height);
    const across = blurTaps(index % columns, width);
    for (const [i, row] of down.entries()) {
      for (const [j, column] of across.entries()) {
        const share = ((SHARES[i] ?? 0) * (SHARES[j] ?? 0)) / 16;
        visit((image * height + row) * width + column, index, share);
      }
    }
  }
}

/** Number of outputs along an axis. */
export function blurred(size: number): number {
  return Math.ceil(size / 2);
}
