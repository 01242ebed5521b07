/** Softmax cross entropy, the mean over the rows that count: −log softmax(logits)[label], labels ≠ ignore_index. */
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { crossEntropyBackward } from './cross_entropy_backward.js';
import { defineOp } from './define.js';
import { type CrossEntropyAttributes, checkLabels, labelledRows, logSumExp } from './support/classes.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const crossEntropyOp = defineOp<'cross_entropy', CrossEntropyAttributes>('cross_entropy', {
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'int32' },
  ],
  outputs: [{ name: 'loss', kind: 'float32' }],
  infer({ input }) {
    checkLabels(input(0), input(1));
    return [{ shape: [], dtype: 'float32' }];
  },
  gradient({ attrs, input, diff, needs }) {
    return [needs(0) ? crossEntropyBackward(input(0), input(1), diff(0), attrs) : null, null];
  },
  overwrites: [],
  cost: streamed,
  reference(context) {
    const [logits, loss] = [context.input(0), context.output(0)];
    let sum = 0;
    const counted = labelledRows(context);
    for (const { first, classes, label } of counted) {
      sum += logSumExp(logits, first, classes) - at(logits, first + label);
    }
    // As in PyTorch, the mean over no rows is NaN.
    loss.data[0] = sum / counted.length;
  },
  // PyTorch keeps the log-probabilities, as large as the logits.
  peerKeeps: { inputs: [0], outputs: [] },
});

export interface CrossEntropyOptions {
  /** Label of rows that do not count; −100 when left out. */
  readonly ignoreIndex?: number;
}

/** Mean loss float32[] of logits [N,K,S…] for labels int32[N,S…]. */
export function crossEntropy(logits: Value, labels: Value, options: CrossEntropyOptions = {}): Value {
  return emit('cross_entropy', [logits, labels], { ignore_index: options.ignoreIndex ?? -100 });
}
