/** dlogits = (softmax(logits) − onehot(label)) · dloss / rows counted; zero in rows that do not count. */

import { elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from './define.js';
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

export const crossEntropyBackwardOp: OpDefinition<CrossEntropyAttributes> = {
  name: 'cross_entropy_backward',
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'int32' },
    { name: 'dloss', kind: 'float32' },
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'dlogits', kind: 'data' }],
  infer({ input }) {
    checkLabels(input(0), input(1));
    if (elements(input(2).shape) !== 1) {
      throw new ShapeError(`expected a scalar for dloss but received ${formatType(input(2))}`);
    }
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0 }],
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
    const [logits, dlogits] = [context.input(0), context.output(0)];
    const counted = labelledRows(context);
    const factor = at(context.input(2), 0) / rowsCounted(context.inputs[3], counted);
    dlogits.data.fill(0);
    for (const { first, classes, label } of counted) {
      const norm = logSumExp(logits, first, classes);
      for (let k = 0; k < classes; k++) {
        const probability = Math.exp(at(logits, first + k) - norm);
        dlogits.data[first + k] = (probability - (k === label ? 1 : 0)) * factor;
      }
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂logits in the shape of logits; dloss, count: float32[]; count null: the rows of this process. */
export function crossEntropyBackward(
  logits: Value,
  labels: Value,
  dloss: Value,
  count: Value | null,
  { ignore_index }: CrossEntropyAttributes,
): Value {
  return emit(crossEntropyBackwardOp, [logits, labels, dloss, ...(count ? [count] : [])], { ignore_index });
}
