/** Cases of resizing and padding. */
import type { Shape } from '@inplace-abn/tensor';

interface Resize {
  readonly x: Shape;
  readonly size: readonly [number, number];
}

/** Up and down, by integer and other ratios, along one axis, to and from one pixel, and to the same size. */
const RESIZES: readonly Resize[] = [
  { x: [1, 1, 1, 1], size: [1, 1] },
  { x: [2, 3, 1, 1], size: [4, 3] },
  { x: [2, 17, 5, 7], size: [5, 7] },
  { x: [1, 65, 3, 4], size: [24, 32] },
  { x: [2, 3, 6, 5], size: [11, 13] },
  { x: [2, 1, 9, 7], size: [10, 5] },
  { x: [1, 70, 13, 11], size: [9, 8] },
  { x: [1, 3, 31, 17], size: [4, 5] },
  { x: [2, 16, 7, 6], size: [7, 15] },
  { x: [2, 33, 7, 6], size: [3, 6] },
  { x: [3, 5, 8, 9], size: [1, 1] },
  { x: [1, 4, 1, 6], size: [3, 2] },
];

interface Padded {
  readonly x: Shape;
  /** Top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number];
}

const PADDED: readonly Padded[] = [
  { x: [1, 1, 1, 1], padding: [0, 0, 0, 0] },
  { x: [2, 3, 1, 1], padding: [2, 1, 0, 3] },
  { x: [2, 17, 5, 7], padding: [0, 0, 0, 0] },
  { x: [1, 65, 5, 3], padding: [3, 4, 1, 2] },
  { x: [2, 130, 2, 6], padding: [1, 0, 0, 5] },
  { x: [3, 5, 9, 1], padding: [0, 7, 6, 6] },
  { x: [1, 16, 1, 4], padding: [41, 42, 0, 0] },
];

const paddedOf = ({
  x: [n = 0, c = 0, h = 0, w = 0],
  padding: [top, bottom, left, right],
}: Padded): Shape => [n, c, top + h + bottom, left + w + right];

const BLURRED: readonly Shape[] = [
  [1, 1, 2, 2],
  [2, 3, 3, 5],
  [1, 65, 4, 3],
  [2, 16, 7, 8],
  [3, 17, 2, 9],
];

const BLOCKS = [
  { x: [1, 1, 1, 1], block: 1 },
  { x: [2, 3, 8, 4], block: 4 },
  { x: [1, 16, 6, 9], block: 3 },
  { x: [3, 5, 2, 2], block: 2 },
] as const;

const half = (size = 0) => Math.ceil(size / 2);

export const spatial = {
  blur_pool: BLURRED.map((x) => ({ attrs: {}, inputs: [x] })),
  blur_pool_backward: BLURRED.map((x) => {
    const [n = 0, c = 0, h, w] = x;
    return { attrs: { size: x.slice(2) }, inputs: [[n, c, half(h), half(w)]] };
  }),
  space_to_depth: BLOCKS.map(({ x, block }) => ({ attrs: { block }, inputs: [x] })),
  space_to_depth_backward: BLOCKS.map(({ x: [n, c, h, w], block }) => ({
    attrs: { block },
    inputs: [[n, c * block * block, h / block, w / block]],
  })),
  resize_bilinear: RESIZES.map(({ x, size }) => ({ attrs: { size }, inputs: [x] })),
  resize_bilinear_backward: RESIZES.map(({ x, size }) => ({
    attrs: { size: x.slice(2) },
    inputs: [[...x.slice(0, 2), ...size]],
  })),
  pad_replicate: PADDED.map(({ x, padding }) => ({ attrs: { padding }, inputs: [x] })),
  pad_replicate_backward: PADDED.map((p) => ({ attrs: { padding: p.padding }, inputs: [paddedOf(p)] })),
};
