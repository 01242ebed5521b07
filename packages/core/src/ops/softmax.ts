/** y = exp(x − max) / Σ exp(x − max) over the channels (torch.softmax with dim 1). */

import { channels, type DType, rows } from '@inplace-abn/tensor';
import { type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { softmaxBackward } from './softmax_backward.js';
import { checkHasChannels } from './support/channels.js';
import { logSumExp } from './support/classes.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';

export const softmaxOp: OpDefinition<NoAttributes> = {
  name: 'softmax',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ input }) {
    checkHasChannels(input(0), 'x');
    return [input(0)];
  },
  gradient({ output, diff, needs }) {
    return [needs(0) ? softmaxBackward(output(0), diff(0)) : null];
  },
  overwrites: [{ output: 0, input: 0 }],
  rows: () => [SAME_ROW],
  inverses: [],
  absorb: null,
  slices: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ input, output }) {
    const [x, y] = [input(0), output(0)];
    const classes = channels(x.shape);
    for (let row = 0; row < rows(x.shape); row++) {
      const first = row * classes;
      const norm = logSumExp(x, first, classes);
      for (let k = first; k < first + classes; k++) y.data[k] = Math.exp(at(x, k) - norm);
    }
  },
  peerKeeps: { inputs: [], outputs: [0] },
};

/**
 * Probabilities over the channels of x (N×K×S1×…), in x's dtype, like torch.softmax(x, 1). As in PyTorch, all
 * K are NaN if any of the K logits is NaN or +∞, or if all are −∞.
 *
 * @throws ShapeError for a rank below 2
 */
export function softmax<D extends DType>(x: Value<D>): Value<D> {
  return emit(softmaxOp, [x], {}).as(x.dtype);
}
