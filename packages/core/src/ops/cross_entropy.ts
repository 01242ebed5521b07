/**
 * Softmax cross entropy, the mean over the rows that count: −log softmax(logits)[label], labels ≠ ignore_index. Where other
 * processes have rows of the same batch, the sum over this one's by the count of all: summed over them it is the mean.
 */
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { crossEntropyBackward } from './cross_entropy_backward.js';
import { type OpDefinition, PURE } from './define.js';
import {
  type CrossEntropyAttributes,
  checkLabels,
  labelledRows,
  labelsOf,
  logSumExp,
  rowsCounted,
} from './support/classes.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const crossEntropyOp: OpDefinition<CrossEntropyAttributes> = {
  name: 'cross_entropy',
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'int32' },
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'loss', kind: 'float32' }],
  infer({ input }) {
    checkLabels(input(0), input(1));
    return [{ shape: [], dtype: 'float32' }];
  },
  gradient({ attrs, input, inputs, diff, needs }) {
    const count = inputs[2] ?? null;
    return [needs(0) ? crossEntropyBackward(input(0), input(1), diff(0), count, attrs) : null, null, null];
  },
  overwrites: [],
  labels: labelsOf,
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  effects: PURE,
  cost: streamed,
  reference(context) {
    const [logits, loss] = [context.input(0), context.output(0)];
    let sum = 0;
    const counted = labelledRows(context);
    for (const { first, classes, label } of counted) {
      sum += logSumExp(logits, first, classes) - at(logits, first + label);
    }
    // As in PyTorch, the mean over no rows is NaN.
    loss.data[0] = sum / rowsCounted(context.inputs[2], counted);
  },
  // PyTorch keeps the log-probabilities, as large as the logits.
  peerKeeps: { inputs: [0], outputs: [] },
};

export interface CrossEntropyOptions {
  /** Label of rows that do not count; −100 when left out. */
  readonly ignoreIndex?: number;
  /** float32[]: the rows that count in all processes; those of this one when left out. */
  readonly count?: Value;
}

/** Mean loss float32[] of logits [N,K,S…] for labels int32[N,S…]. */
export function crossEntropy(logits: Value, labels: Value, options: CrossEntropyOptions = {}): Value {
  const operands = options.count ? [logits, labels, options.count] : [logits, labels];
  return emit(crossEntropyOp, operands, { ignore_index: options.ignoreIndex ?? -100 });
}
