/** dx = dy − exp(y)·Σ_k dy: the gradient of a log-softmax over the channels, from its output y. */
import { channels, rows } from '@inplace-abn/tensor';
import type { NoAttributes, OpDefinition } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { softmaxBackwardOp } from './softmax_backward.js';
import { at } from './support/reference.js';

/** All rules are those of softmax_backward, except for the computation. */
export const logSoftmaxBackwardOp: OpDefinition<NoAttributes> = {
  ...softmaxBackwardOp,
  name: 'log_softmax_backward',
  reference({ input, output }) {
    const [y, dy, dx] = [input(0), input(1), output(0)];
    const classes = channels(y.shape);
    for (let row = 0; row < rows(y.shape); row++) {
      const first = row * classes;
      let sum = 0;
      for (let k = first; k < first + classes; k++) sum += at(dy, k);
      for (let k = first; k < first + classes; k++) dx.data[k] = at(dy, k) - Math.exp(at(y, k)) * sum;
    }
  },
};

/** ∂loss/∂x of y = logSoftmax(x); y and dy have the same shape. */
export function logSoftmaxBackward(y: Value, dy: Value): Value {
  return emit(logSoftmaxBackwardOp, [y, dy], {});
}
