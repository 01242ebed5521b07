/** y = x − log Σ exp(x) over the channels (torch.log_softmax with dim 1). */
import { channels, type DType, rows } from '@inplace-abn/tensor';
import type { NoAttributes, OpDefinition } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { logSoftmaxBackward } from './log_softmax_backward.js';
import { softmaxOp } from './softmax.js';
import { logSumExp } from './support/classes.js';
import { at } from './support/reference.js';

/** All rules are those of softmax, except for gradient and computation. */
export const logSoftmaxOp: OpDefinition<NoAttributes> = {
  ...softmaxOp,
  name: 'log_softmax',
  gradient({ output, diff, needs }) {
    return [needs(0) ? logSoftmaxBackward(output(0), diff(0)) : null];
  },
  reference({ input, output }) {
    const [x, y] = [input(0), output(0)];
    const classes = channels(x.shape);
    for (let row = 0; row < rows(x.shape); row++) {
      const first = row * classes;
      const norm = logSumExp(x, first, classes);
      for (let k = first; k < first + classes; k++) y.data[k] = at(x, k) - norm;
    }
  },
};

/**
 * Log-probabilities over the channels of x (N×K×S1×…), in x's dtype, like torch.log_softmax(x, 1).
 *
 * @throws ShapeError for a rank below 2
 */
export function logSoftmax<D extends DType>(x: Value<D>): Value<D> {
  return emit(logSoftmaxOp, [x], {}).as(x.dtype);
}
