/** What the ops on class logits share. */

import { channels, formatType, sameShape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { InferContext, Labels, ReferenceContext, ReferenceTensor } from '../define.js';
import { at } from './reference.js';

export type CrossEntropyAttributes = {
  /** Label of rows that do not count. */
  readonly ignore_index: number;
};

/** Refuses labels that are not [N,S…] for logits [N,K,S…]. */
export function checkLabels(logits: TensorType, labels: TensorType): void {
  const expected = logits.shape.filter((_, axis) => axis !== 1);
  if (logits.shape.length < 2 || !sameShape(labels.shape, expected)) {
    throw new ShapeError(
      `expected labels [${expected.join(',')}] for logits ${formatType(logits)} but received ${formatType(labels)}`,
    );
  }
}

/** Operand 1 is the labels of operand 0, logits. */
export function labelsOf(
  { attrs, input }: InferContext<CrossEntropyAttributes>,
  operand: number,
): Labels | null {
  return operand === 1 ? { classes: channels(input(0).shape), ignored: attrs.ignore_index } : null;
}

interface LabelledRow {
  /** Storage index of the row's first logit. */
  readonly first: number;
  readonly classes: number;
  readonly label: number;
}

/** The rows that count: operands 0 and 1 are logits and labels. Labels outside the classes count as ignored. */
export function labelledRows({ attrs, input }: ReferenceContext<CrossEntropyAttributes>): LabelledRow[] {
  const classes = channels(input(0).shape);
  return Array.from(input(1).data, (label, row) => ({ first: row * classes, classes, label })).filter(
    ({ label }) => label !== attrs.ignore_index && label >= 0 && label < classes,
  );
}

/** What the loss is divided by: the count of all processes where there is one. */
export function rowsCounted(
  count: ReferenceTensor | null | undefined,
  counted: readonly LabelledRow[],
): number {
  return count ? at(count, 0) : counted.length;
}

/** log Σ exp of `classes` logits from `first` on, shifted by the largest so that nothing overflows. */
export function logSumExp(logits: ReferenceTensor, first: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, at(logits, first + k));
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(at(logits, first + k) - largest);
  return largest + Math.log(sum);
}
