/**
 * Softmax cross entropy: the mean of −log softmax(logits)[label] over the rows with label ≠ ignore_index. If
 * the batch is distributed, it is this process's sum divided by the count over all processes, so that the sum
 * over processes is the mean.
 */

import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { crossEntropyBackward } from './cross_entropy_backward.js';
import {
  type CrossEntropyAttributes,
  checkLabels,
  checkSmoothing,
  labeledRows,
  labelsOf,
  logSumExp,
  rowsCounted,
  targetOf,
} from './support/classes.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const crossEntropyOp: OpDefinition<CrossEntropyAttributes> = {
  name: 'cross_entropy',
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'labels' },
    { name: 'count', kind: 'float32', optional: true },
    { name: 'weights', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'loss', kind: 'float32' }],
  infer({ attrs, input, inputs }) {
    checkLabels(input(0), input(1));
    checkSmoothing(input(0), inputs[3], attrs);
    return [{ shape: [], dtype: 'float32' }];
  },
  gradient({ attrs, input, inputs, diff, needs }) {
    const given = { count: inputs[2] ?? null, weights: inputs[3] ?? null };
    const dlogits = needs(0) ? crossEntropyBackward(input(0), input(1), diff(0), given, attrs) : null;
    return [dlogits, null, null, null];
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
    const counted = labeledRows(context);
    for (const row of counted) {
      const norm = logSumExp(logits, row.first, row.classes);
      for (const [k, share] of targetOf(row, context.inputs[3], context.attrs).entries()) {
        if (share !== 0) sum += share * (norm - at(logits, row.first + k));
      }
    }
    // As in PyTorch, the mean over no rows is NaN.
    loss.data[0] = sum / rowsCounted(context.inputs[2], context.inputs[3], counted);
  },
  // PyTorch saves the log-probabilities, which are as large as the logits.
  peerKeeps: { inputs: [0], outputs: [] },
};

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Label of rows to ignore; default −100. */
  readonly ignoreIndex?: number;
  /**
   * float32[]: number of counted rows over all processes, or with `weights` the sum of their weights; default
   * that of this process's rows.
   */
  readonly count?: Value;
  /** float32[K]: weight of each class. */
  readonly weights?: Value;
  /** Fraction of the target spread evenly over all classes, in [0, 1]; default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Mean loss float32[] of logits [N,K,S…] for labels int32 or uint8 [N,S…], like
 * torch.nn.functional.cross_entropy; with class weights, the weighted mean.
 *
 * @throws ShapeError if shapes disagree or the smoothing is outside [0, 1]
 */
export function crossEntropy(
  logits: Value,
  labels: Value,
  options: CrossEntropyOptions = {},
): Value<'float32'> {
  const { count = null, weights = null, ignoreIndex = -100, labelSmoothing = 0 } = options;
  const operands = weights ? [count, weights] : count ? [count] : [];
  const attrs = { ignore_index: ignoreIndex, label_smoothing: labelSmoothing };
  return emit(crossEntropyOp, [logits, labels, ...operands], attrs).as('float32');
}
