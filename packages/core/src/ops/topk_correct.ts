/** Counts rows whose label is among the k largest logits, for each k. */

import { channels, rows } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE, type ReferenceTensor } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { checkLabels } from './support/classes.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type TopkCorrectAttributes = { readonly k: readonly number[] };

export const topkCorrectOp: OpDefinition<TopkCorrectAttributes> = {
  name: 'topk_correct',
  inputs: [
    { name: 'logits', kind: 'data' },
    { name: 'labels', kind: 'labels' },
  ],
  outputs: [{ name: 'correct', kind: 'int32' }],
  infer({ attrs, input }) {
    checkLabels(input(0), input(1));
    if (attrs.k.length === 0 || attrs.k.some((k) => !Number.isInteger(k) || k < 1)) {
      throw new ShapeError(`expected whole numbers of at least 1 for k but received [${attrs.k.join(', ')}]`);
    }
    return [{ shape: [attrs.k.length], dtype: 'int32' }];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const [logits, labels, correct] = [input(0), input(1), output(0)];
    const classes = channels(logits.shape);
    correct.data.fill(0);
    for (let row = 0; row < rows(logits.shape); row++) {
      const label = at(labels, row);
      if (label < 0 || label >= classes) continue;
      const rank = rankOf(logits, row * classes, classes, label);
      attrs.k.forEach((k, index) => {
        if (rank < k) correct.data[index] = at(correct, index) + 1;
      });
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Number of classes that rank before `label`: those with larger logits (NaN is the largest) and, among
 * equals, a lower index.
 */
function rankOf(logits: ReferenceTensor, first: number, classes: number, label: number): number {
  const own = at(logits, first + label);
  let before = 0;
  for (let k = 0; k < classes; k++) {
    const other = at(logits, first + k);
    const equal = other === own || (Number.isNaN(other) && Number.isNaN(own));
    const larger = Number.isNaN(other) ? !Number.isNaN(own) : other > own;
    if (larger || (equal && k < label)) before++;
  }
  return before;
}

/**
 * For each number in `k`, counts the rows of logits [N,K,S…] whose label (int32 or uint8 [N,S…]) is among
 * that many largest logits: int32[k.length]. Labels outside the classes (such as 255 in segmentation) are
 * ignored.
 *
 * @throws ShapeError if the shapes disagree, or if `k` is empty or contains a number that is not a positive
 * integer
 */
export function topkCorrect(logits: Value, labels: Value, k: readonly number[]): Value<'int32'> {
  return emit(topkCorrectOp, [logits, labels], { k }).as('int32');
}
