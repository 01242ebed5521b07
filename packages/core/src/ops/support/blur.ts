/** Blurring by [1, 2, 1]/4 at every second position of an axis whose borders reflect, for the reference implementations. */

/** The three positions of an axis of `size` that output `out` is made of; −1 is 1, `size` is `size` − 2. */
export function blurTaps(out: number, size: number): readonly [number, number, number] {
  return [out === 0 ? 1 : 2 * out - 1, 2 * out, 2 * out + 1 < size ? 2 * out + 1 : size - 2];
}

const SHARES = [1, 2, 1] as const;

/** Calls `visit` for every tap of every output of images [N,C,H,W]: pixels of x and y in storage order, and the tap's share. */
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

/** Outputs of an axis. */
export function blurred(size: number): number {
  return Math.ceil(size / 2);
}
