/** Cases of the ops that slice and insert rows of images. */
import type { Shape } from '@inplace-abn/tensor';

const IMAGES: readonly Shape[] = [
  [1, 1, 1, 1],
  [2, 3, 5, 4],
  [3, 17, 7, 1],
  [2, 64, 9, 40],
];

const heightOf = (shape: Shape): number => shape[2] ?? 0;

export const imageRows = {
  slice_rows: IMAGES.flatMap((shape) => {
    const height = heightOf(shape);
    const half = height >> 1;
    return [
      { attrs: { begin: 0, length: height }, inputs: [shape] },
      { attrs: { begin: half, length: height - half }, inputs: [shape] },
      { attrs: { begin: half, length: 1 }, inputs: [shape] },
    ];
  }),
  insert_rows: IMAGES.flatMap((shape) =>
    [
      [0, 0],
      [0, 3],
      [2, 1],
    ].flatMap(([begin = 0, after = 0]) => {
      const height = begin + heightOf(shape) + after;
      const into = shape.map((size, axis) => (axis === 2 ? height : size));
      return [
        { attrs: { begin, height }, inputs: [shape, null] },
        { attrs: { begin, height }, inputs: [shape, into] },
      ];
    }),
  ),
};
