/** Confusion matrix: counts how many elements of each label were predicted as each class. */

import { elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type ConfusionAttributes = { readonly classes: number };

export const confusionOp: OpDefinition<ConfusionAttributes> = {
  name: 'confusion',
  inputs: [
    { name: 'predicted', kind: 'uint8' },
    { name: 'labels', kind: 'labels' },
  ],
  outputs: [{ name: 'matrix', kind: 'int32' }],
  infer({ attrs: { classes }, input }) {
    if (!sameShape(input(0).shape, input(1).shape)) {
      throw new ShapeError(
        `expected labels and predictions of one shape but received ${formatType(input(1))} and ${formatType(input(0))}`,
      );
    }
    if (!(Number.isInteger(classes) && classes >= 1 && classes <= 256)) {
      throw new ShapeError(`expected 1 to 256 classes but received ${classes}`);
    }
    return [{ shape: [classes, classes], dtype: 'int32' }];
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
  reference({ attrs: { classes }, input, output }) {
    const [predicted, labels, matrix] = [input(0), input(1), output(0)];
    matrix.data.fill(0);
    for (let i = 0; i < elements(labels.shape); i++) {
      const [label, guess] = [at(labels, i), at(predicted, i)];
      if (label < 0 || label >= classes || guess >= classes) continue;
      const cell = label * classes + guess;
      matrix.data[cell] = at(matrix, cell) + 1;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Confusion matrix int32[K,K], indexed [label, predicted], of predictions uint8 and labels int32 or uint8 of
 * the same shape. Elements whose label or prediction is not one of the K = `classes` classes (1 to 256) are
 * ignored.
 *
 * @throws ShapeError if the shapes differ, or for another number of classes
 */
export function confusion(predicted: Value, labels: Value, classes: number): Value<'int32'> {
  return emit(confusionOp, [predicted, labels], { classes }).as('int32');
}
