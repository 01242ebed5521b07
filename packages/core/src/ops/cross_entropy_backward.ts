/** dlogits = (softmax(logits) · Σ target − target) · dloss / rows counted; zero in ignored rows. */

import { elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
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

export const crossEntropyBackwardOp: OpDefinition<CrossEntropyAttributes> = {
  name: 'cross_entropy_backward',
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'labels' },
    { name: 'dloss', kind: 'float32' },
    { name: 'count', kind: 'float32', optional: true },
    { name: 'weights', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'dlogits', kind: 'data' }],
  infer({ attrs, input, inputs }) {
    checkLabels(input(0), input(1));
    checkSmoothing(input(0), inputs[4], attrs);
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
    const counted = labeledRows(context);
    const factor = at(context.input(2), 0) / rowsCounted(context.inputs[3], context.inputs[4], counted);
    dlogits.data.fill(0);
    for (const row of counted) {
      const norm = logSumExp(logits, row.first, row.classes);
      const target = targetOf(row, context.inputs[4], context.attrs);
      const total = target.reduce((sum, share) => sum + share, 0);
      for (const [k, share] of target.entries()) {
        const probability = Math.exp(at(logits, row.first + k) - norm);
        dlogits.data[row.first + k] = (total * probability - share) * factor;
      }
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * ∂loss/∂logits with the type of logits; dloss and count are float32[], weights float32[K], as in
 * cross_entropy.
 */
export function crossEntropyBackward(
  logits: Value,
  labels: Value,
  dloss: Value,
  { count, weights }: { readonly count: Value | null; readonly weights: Value | null },
  attrs: CrossEntropyAttributes,
): Value {
  const operands = weights ? [count, weights] : count ? [count] : [];
  return emit(crossEntropyBackwardOp, [logits, labels, dloss, ...operands], attrs);
}
