/** Cases of group normalization. */
import { channels, dim, type Shape } from '@inplace-abn/tensor';
import { uniform } from '../../support/prng.js';
import type { Draw } from '../operands.js';

/** Groups of one channel and of all, not a whole vector, and of several channel strips. */
const CASES: readonly (readonly [Shape, number])[] = [
  [[1, 1], 1],
  [[3, 5], 1],
  [[2, 6, 5], 3],
  [[3, 17, 4, 3], 17],
  [[2, 70, 7, 5], 2],
  [[1, 64, 9, 9], 32],
  [[2, 600, 3, 2], 1],
  [[2, 96, 11, 13], 8],
  [[0, 8, 2, 2], 2],
];

const positive: Draw = (name, shape) => uniform(name, shape, 0.5, 1.5);

/** Values far from zero, where uncentered sums would lose precision. */
const far: Draw = (name, shape) => uniform(name, shape, 99, 101);

export const groups = {
  group_norm: CASES.flatMap(([x, count]) => {
    const vector = [channels(x)];
    const attrs = { groups: count, eps: 1e-5 };
    return [
      { attrs, inputs: [x, vector, vector] },
      { attrs, inputs: [x, null, null], draw: { x: far }, tolerance: 1e-4 },
    ];
  }),
  group_norm_backward: CASES.flatMap(([x, count]) => {
    const statistics = [dim(x, 0), count];
    const operands = [x, x, statistics, statistics];
    const record = { attrs: { groups: count }, draw: { rstd: positive } };
    return [
      { ...record, inputs: [...operands, [channels(x)]] },
      { ...record, inputs: [...operands, null] },
    ];
  }),
};
