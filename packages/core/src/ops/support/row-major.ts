/** Conversion between storage order (channels-last) and PyTorch's row-major order of N×C×S1×…. */
import { channels, elements, type Shape } from '@inplace-abn/tensor';

/** True if a data tensor of `shape` is stored in the order of its axes. */
export function isRowMajor(shape: Shape): boolean {
  return shape.length < 3 || channels(shape) === 1 || elements(shape.slice(2)) === 1;
}

/** Calls body(stored, logical) for every element of `shape`: its storage index and its row-major index. */
export function forEachPlace(shape: Shape, body: (stored: number, logical: number) => void): void {
  const [images = 1, width = 1, ...space] = shape;
  const area = elements(space);
  for (let n = 0; n < images; n++) {
    for (let s = 0; s < area; s++) {
      for (let c = 0; c < width; c++) body((n * area + s) * width + c, (n * width + c) * area + s);
    }
  }
}
