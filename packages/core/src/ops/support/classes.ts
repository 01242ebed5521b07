/** Shared by the ops on class logits. */

import { channels, formatType, sameShape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { InferContext, Labels, ReferenceContext, ReferenceTensor } from '../../ir/define.js';
import { at } from './reference.js';

export type IgnoringAttributes = {
  /** Label of rows to ignore. */
  readonly ignore_index: number;
};

export type CrossEntropyAttributes = IgnoringAttributes & {
  /** Fraction of the target spread evenly over all classes, in [0, 1]. */
  readonly label_smoothing: number;
};

/** Throws ShapeError unless labels are [N,S…] for logits [N,K,S…]. */
export function checkLabels(logits: TensorType, labels: TensorType): void {
  const expected = logits.shape.filter((_, axis) => axis !== 1);
  if (logits.shape.length < 2 || !sameShape(labels.shape, expected)) {
    throw new ShapeError(
      `expected labels [${expected.join(',')}] for logits ${formatType(logits)} but received ${formatType(labels)}`,
    );
  }
}

/** The `labels` rule of ops with logits as operand 0 and labels as operand 1. */
export function labelsOf({ attrs, input }: InferContext<IgnoringAttributes>, operand: number): Labels | null {
  return operand === 1 ? { classes: channels(input(0).shape), ignored: attrs.ignore_index } : null;
}

export interface LabeledRow {
  readonly row: number;
  /** Storage index of the row's first logit. */
  readonly first: number;
  readonly classes: number;
  readonly label: number;
}

/**
 * The rows that are not ignored; operands 0 and 1 are logits and labels. Labels outside the classes are
 * ignored too.
 */
export function labeledRows({ attrs, input }: ReferenceContext<IgnoringAttributes>): LabeledRow[] {
  const classes = channels(input(0).shape);
  return Array.from(input(1).data, (label, row) => ({ row, first: row * classes, classes, label })).filter(
    ({ label }) => label !== attrs.ignore_index && label >= 0 && label < classes,
  );
}

/** Throws ShapeError for a smoothing outside [0, 1] or a wrong number of class weights. */
export function checkSmoothing(
  logits: TensorType,
  weights: TensorType | null | undefined,
  { label_smoothing }: CrossEntropyAttributes,
): void {
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    throw new ShapeError(`expected label smoothing from 0 to 1 but received ${label_smoothing}`);
  }
  const classes = channels(logits.shape);
  if (weights && !sameShape(weights.shape, [classes])) {
    throw new ShapeError(
      `expected ${classes} class weights for logits ${formatType(logits)} but received ${formatType(weights)}`,
    );
  }
}

/** A row's target [K]: (1 − ε)·w_label at the label, plus ε/K·w_k for every class k. */
export function targetOf(
  { classes, label }: LabeledRow,
  weights: ReferenceTensor | null | undefined,
  { label_smoothing }: CrossEntropyAttributes,
): number[] {
  return Array.from({ length: classes }, (_, k) => {
    const weight = weights ? at(weights, k) : 1;
    return weight * ((k === label ? 1 - label_smoothing : 0) + label_smoothing / classes);
  });
}

/**
 * Divisor of the loss: the count over all processes if given, else the number (or weight sum) of this
 * process's rows.
 */
export function rowsCounted(
  count: ReferenceTensor | null | undefined,
  weights: ReferenceTensor | null | undefined,
  counted: readonly LabeledRow[],
): number {
  if (count) return at(count, 0);
  return counted.reduce((sum, { label }) => sum + (weights ? at(weights, label) : 1), 0);
}

/** log Σ exp of `classes` logits starting at `first`, shifted by the maximum to prevent overflow. */
export function logSumExp(logits: ReferenceTensor, first: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, at(logits, first + k));
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(at(logits, first + k) - largest);
  return largest + Math.log(sum);
}
