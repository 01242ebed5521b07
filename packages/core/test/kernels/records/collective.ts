/** Cases of the collective ops, in a group of one process, and of message packing. */

import type { Shape } from '@inplace-abn/tensor';
import { flatLayout } from '../../../src/ops/support/flat.js';
import { drawOperand } from '../operands.js';

const LENGTHS = [0, 1, 16, 17, 5000];
const TENSORS: readonly (readonly Shape[])[] = [
  [[3]],
  [[16], [16]],
  [[5, 3, 3, 3], [], [17], [0], [64, 16, 1, 1]],
  [[7, 1000], [7]],
];
const vectors = <A extends object>(attrs: A) => LENGTHS.map((length) => ({ attrs, inputs: [[length]] }));

/** Rows of mean, variance and count. If there are several, the last belongs to a process without samples. */
const merging = (processes: number, channels: number) => {
  const { begins, length } = flatLayout([[channels], [channels], []]);
  const count = begins[2] ?? 0;
  return {
    attrs: { channels },
    inputs: [[processes, length]],
    draw: {
      gathered: (name: string, shape: Shape) =>
        Array.from(drawOperand(name, shape), (value, i) => {
          const [process, column] = [Math.floor(i / length), i % length];
          if (column === count) return process > 0 && process === processes - 1 ? 0 : 2 + 3 * process;
          return column >= (begins[1] ?? 0) ? Math.abs(value) : value;
        }),
    },
  };
};

export const collective = {
  abn_merge: [1, 2, 3].flatMap((processes) => [1, 16, 17, 70].map((width) => merging(processes, width))),
  all_gather: [...vectors({ group: '', size: 1 }), ...vectors({ group: '', size: 3 })],
  all_reduce: vectors({ group: '' }),
  all_reduce_start: vectors({ group: '' }),
  all_reduce_wait: vectors({ group: '' }),
  broadcast: vectors({ group: '', root: 0 }),
  pack: TENSORS.map((inputs) => ({ attrs: {}, inputs })),
  tree_sum: [1, 2, 4, 8, 16, 32, 64].flatMap((rows) =>
    [0, 1, 17, 1000].map((length) => ({ attrs: { rows }, inputs: [[rows * length]] })),
  ),
  unpack: TENSORS.map((shapes) => ({
    attrs: { shapes: shapes.flatMap((shape) => [shape.length, ...shape]) },
    inputs: [[flatLayout(shapes).length]],
  })),
};
