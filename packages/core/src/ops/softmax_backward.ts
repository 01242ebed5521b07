/** dx = y·(dy − Σ_k dy·y): the gradient of a softmax over the channels, from its output y. */

import { channels, formatType, rows, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { checkHasChannels } from './support/channels.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const softmaxBackwardOp: OpDefinition<NoAttributes> = {
  name: 'softmax_backward',
  inputs: [
    { name: 'y', kind: 'data' },
    { name: 'dy', kind: 'data' },
  ],
  outputs: [{ name: 'dx', kind: 'data' }],
  infer({ input }) {
    const [y, dy] = [input(0), input(1)];
    checkHasChannels(y, 'y');
    if (!sameShape(y.shape, dy.shape)) {
      throw new ShapeError(`y and dy differ in shape: ${formatType(y)} and ${formatType(dy)}`);
    }
    return [y];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ input, output }) {
    const [y, dy, dx] = [input(0), input(1), output(0)];
    const classes = channels(y.shape);
    for (let row = 0; row < rows(y.shape); row++) {
      const first = row * classes;
      let sum = 0;
      for (let k = first; k < first + classes; k++) sum += at(dy, k) * at(y, k);
      for (let k = first; k < first + classes; k++) dx.data[k] = at(y, k) * (at(dy, k) - sum);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x of y = softmax(x); y and dy have the same shape. */
export function softmaxBackward(y: Value, dy: Value): Value {
  return emit(softmaxBackwardOp, [y, dy], {});
}
