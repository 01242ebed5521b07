/** Cases of convolution and pooling. */

import type { Shape } from '@inplace-abn/tensor';
import { type PairOption, pair, windowedSize } from '../../../src/ops/support/window.js';
import { reference, tensor } from '../harness.js';
import type { Draw } from '../operands.js';
import { drawOperand } from '../operands.js';
import { type Convolution, convolution, convolutionCases } from './convolutions.js';

const CONVOLUTIONS: readonly Convolution[] = [
  convolution([1, 1, 1, 1], [1, 1, 1, 1]),
  convolution([2, 3, 1, 1], [17, 3, 3, 3], 1, 1),
  convolution([2, 3, 13, 11], [16, 3, 7, 7], 2, 3),
  convolution([2, 16, 9, 7], [32, 16, 3, 3], 1, 1),
  convolution([1, 32, 6, 6], [32, 32, 3, 3], 2, 1),
  convolution([2, 70, 5, 3], [17, 70, 1, 1]),
  convolution([2, 64, 4, 6], [64, 64, 1, 1]),
  // No window reads the last row and column of x.
  convolution([2, 32, 6, 8], [64, 32, 1, 1], 2),
  convolution([1, 17, 9, 9], [3, 17, 3, 3], 1, 2, 2),
  convolution([1, 16, 11, 11], [16, 16, 3, 3], 1, 4, 4),
  convolution([2, 6, 5, 5], [4, 3, 3, 3], 1, 1, 1, 2),
  convolution([1, 17, 5, 7], [17, 1, 3, 3], 1, 1, 1, 17),
  convolution([1, 32, 5, 5], [32, 4, 3, 3], 2, 1, 1, 8),
  convolution([1, 5, 6, 9], [7, 5, 1, 3], [2, 1], [0, 1], [1, 2]),
  // Small groups: rows that end within a tile, groups that do not fill a vector, more or fewer inputs than
  // outputs.
  convolution([2, 16, 7, 17], [16, 2, 3, 3], 1, 1, 1, 8),
  convolution([2, 24, 9, 31], [24, 4, 3, 3], 2, 1, 1, 6),
  convolution([1, 33, 6, 7], [33, 3, 3, 3], 1, 2, 2, 11),
  convolution([1, 20, 5, 9], [10, 4, 3, 3], 1, 1, 1, 5),
  convolution([2, 6, 8, 5], [24, 1, 5, 3], [1, 3], [2, 0], 1, 6),
  convolution([1, 40, 7, 6], [40, 8, 3, 3], 1, 1, 1, 5),
  convolution([1, 32, 6, 14], [72, 16, 3, 3], 2, 1, 1, 2),
  convolution([1, 21, 9, 8], [33, 7, 3, 2], [3, 2], [1, 3], [1, 2], 3),
  // More rows than are packed at once, more blocks than are processed together.
  convolution([1, 258, 10, 20], [258, 2, 3, 1], 1, [1, 0], 1, 129),
  convolution([2, 8, 33, 31], [8, 2, 2, 3], 1, [0, 1], 1, 4),
  convolution([1, 66, 10, 9], [70, 33, 3, 3], 1, 1, 1, 2),
  // A tap of a strided window that covers no pixel; padding wider than the image.
  convolution([1, 8, 5, 5], [8, 2, 1, 1], 2, 0, 1, 4),
  convolution([1, 8, 2, 1], [8, 2, 3, 3], 1, 3, 1, 4),
  // Sizes that do not fill a tile, sums in several stretches, groups.
  convolution([2, 40, 7, 5], [48, 40, 3, 3], 1, 1),
  convolution([1, 520, 3, 4], [16, 520, 3, 3], 1, [2, 0]),
  convolution([2, 36, 7, 5], [40, 18, 3, 3], [2, 1], 1, 1, 2),
  convolution([1, 520, 4, 3], [17, 520, 2, 2]),
  convolution([1, 130, 5, 4], [20, 130, 5, 3], 1, [2, 1]),
];

interface Pool {
  readonly x: Shape;
  readonly attrs: { kernel: Shape; stride: Shape; padding: Shape };
  readonly ceil: boolean;
}

const pool = (
  x: Shape,
  kernel: PairOption,
  stride: PairOption,
  padding: PairOption = 0,
  ceil = false,
): Pool => ({
  x,
  attrs: { kernel: pair(kernel), stride: pair(stride), padding: pair(padding) },
  ceil,
});

const POOLS: readonly Pool[] = [
  pool([1, 1, 1, 1], 1, 1),
  pool([2, 3, 7, 5], 3, 2, 1),
  pool([1, 17, 8, 8], 2, 2),
  pool([2, 70, 6, 7], 3, 2, 1),
  pool([1, 3, 9, 9], [3, 2], [1, 3], [1, 0]),
  // Windows with gaps between them, and windows that extend beyond the input.
  pool([1, 16, 9, 9], 2, 4),
  pool([1, 4, 6, 6], 3, 2, 0, true),
];

const pooledOf = ({ x, attrs, ceil }: Pool): Shape => [
  ...x.slice(0, 2),
  ...windowedSize(x, { ...attrs, dilation: [1, 1] }, ceil),
];

/** The index that max pooling produces. */
const indexOf = ({ x, attrs, ceil }: Pool): Draw => {
  const call = { op: 'max_pool' as const, attrs: { ...attrs, ceil } };
  return () => reference({ ...call, inputs: [tensor(x, 'float32', drawOperand('x', x))] })[1]?.data ?? [];
};

/** Windows that overlap enough for sliding sums, and windows that cover the whole image. */
const LARGE: readonly Pool[] = [
  pool([2, 33, 19, 23], [6, 7], 1),
  pool([1, 3, 25, 14], [5, 9], 1, [2, 4]),
  // Fewer windows than one block; one row of windows; one column.
  pool([1, 40, 16, 17], [11, 12], 1),
  pool([2, 70, 8, 40], [8, 9], 1),
  pool([1, 17, 30, 6], [7, 6], 1),
  pool([1, 35, 33, 31], [11, 13], [2, 3], [5, 1]),
  pool([2, 20, 9, 12], [9, 12], 1),
  pool([1, 1030, 35, 2], [35, 2], 1),
  pool([2, 3, 6, 5], [12, 10], 1, [3, 5]),
];

const averages = [...POOLS.filter(({ ceil }) => !ceil), ...LARGE].flatMap((p) =>
  [true, false].map((count_include_pad) => ({ ...p, attrs: { ...p.attrs, count_include_pad } })),
);

const global: readonly Shape[] = [
  [1, 1, 1, 1],
  [2, 3, 1, 1],
  [2, 17, 5, 7],
  [3, 70, 7, 7],
];

export const windows = {
  ...convolutionCases(CONVOLUTIONS),
  max_pool: POOLS.map((p) => ({ attrs: { ...p.attrs, ceil: p.ceil }, inputs: [p.x] })),
  max_pool_backward: POOLS.map((p) => ({
    attrs: { ...p.attrs, ceil: p.ceil, size: p.x.slice(2) },
    inputs: [pooledOf(p), pooledOf(p)],
    draw: { index: indexOf(p) },
  })),
  avg_pool: averages.map((p) => ({ attrs: p.attrs, inputs: [p.x] })),
  avg_pool_backward: averages.map((p) => ({
    attrs: { ...p.attrs, size: p.x.slice(2) },
    inputs: [pooledOf(p)],
  })),
  global_avg_pool: global.map((shape) => ({ attrs: {}, inputs: [shape] })),
  global_avg_pool_backward: global.map((shape) => ({
    attrs: { size: shape.slice(2) },
    inputs: [shape.slice(0, 2)],
  })),
};
