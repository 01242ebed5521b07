/**
 * Lovász-softmax loss (Berman et al. 2018, algorithm 1): the Lovász extension of the Jaccard loss 1 − IoU of
 * each class. For class k, sort the errors e = |[label = k] − p_k| in descending order. Let F be the number
 * of rows of class k, and let the first r + 1 rows contain i rows of class k and j others:
 *
 *     J_r = 1 − (F − i)/(F + j),   loss_k = Σ_r e_r·(J_r − J_{r−1}),   J_{−1} = 0
 *
 * The loss is the mean of loss_k over classes, over the rows of a batch or of each image. The differences of
 * J are the derivatives with respect to the errors. The forward pass has sorted the errors, so it also writes
 * the gradient.
 */

import { elements, formatType, isDataDType, rows } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type InferContext, type OpDefinition, PURE, type ReferenceContext } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { mul } from './arithmetic.js';
import { cast } from './cast.js';
import { checkLabels, type LabeledRow, labeledRows, labelsOf } from './support/classes.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';

export type LovaszSoftmaxAttributes = {
  /** Classes to average over: those that occur among the labels, or all. */
  readonly classes: 'present' | 'all';
  /** True for the mean over the losses of single images. */
  readonly per_image: boolean;
  /** Label of rows to ignore. */
  readonly ignore_index: number;
};

/** Kernels keep the index of a row in 31 bits of a sort key. */
const MOST_ROWS = 2 ** 31 - 1;

export const lovaszSoftmaxOp: OpDefinition<LovaszSoftmaxAttributes> = {
  name: 'lovasz_softmax',
  inputs: [
    { name: 'p', kind: 'data' },
    { name: 'labels', kind: 'labels' },
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'loss', kind: 'float32' },
    // ∂loss/∂p, with the shape of p. Its values are near 1/rows, which underflows in float16.
    { name: 'slope', kind: 'float32' },
  ],
  infer({ attrs, input, inputs }) {
    const p = input(0);
    checkLabels(p, input(1));
    if (attrs.classes !== 'present' && attrs.classes !== 'all') {
      throw new ShapeError(`expected "present" or "all" for classes but received "${attrs.classes}"`);
    }
    if (rows(p.shape) > MOST_ROWS) {
      throw new ShapeError(`expected at most ${MOST_ROWS} rows but received ${formatType(p)}`);
    }
    const count = inputs[2];
    if (count && elements(count.shape) !== 1) {
      throw new ShapeError(`expected a scalar for count but received ${formatType(count)}`);
    }
    return [
      { shape: [], dtype: 'float32' },
      { shape: p.shape, dtype: 'float32' },
    ];
  },
  gradient({ input, output, diff, needs }) {
    if (!needs(0)) return [null, null, null];
    const dp = mul(output(1), diff(0));
    const { dtype } = input(0);
    return [isDataDType(dtype) ? cast(dp, dtype) : dp, null, null];
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
  cost(context: InferContext<LovaszSoftmaxAttributes>, outputs) {
    const count = elements(context.input(0).shape);
    // Each of three passes of a radix sort moves 16 bytes per row and class.
    return { flops: 8 * count, bytes: streamed(context, outputs).bytes + 3 * 16 * count };
  },
  reference(context) {
    const [p, loss, slope] = [context.input(0), context.output(0), context.output(1)];
    const [images = 0] = p.shape;
    const counted = labeledRows(context);
    loss.data[0] = 0;
    slope.data.fill(0);
    const perImage = rows(p.shape) / Math.max(1, images);
    const groups = context.attrs.per_image
      ? Array.from({ length: images }, (_, image) =>
          counted.filter(({ row }) => Math.floor(row / perImage) === image),
        )
      : [counted];
    const count = context.inputs[2] ? at(context.inputs[2], 0) : null;
    const share = context.attrs.per_image
      ? 1 / (count ?? images)
      : count === null
        ? 1
        : counted.length / count;
    for (const group of groups) addGroup(context, group, share);
  },
  // In PyTorch, autograd saves the sorted errors and their order for each class.
  peerKeeps: { inputs: [0], outputs: [1] },
};

/** Adds `share` times the loss of some rows, averaged over classes, and the slopes. */
function addGroup(
  { attrs, input, output }: ReferenceContext<LovaszSoftmaxAttributes>,
  counted: readonly LabeledRow[],
  share: number,
): void {
  const [p, loss, slope] = [input(0), output(0), output(1)];
  if (counted.length === 0) return;
  const occurring = new Set(counted.map(({ label }) => label));
  const [, classes = 0] = p.shape;
  const taken = Array.from({ length: classes }, (_, k) => k).filter(
    (k) => attrs.classes === 'all' || occurring.has(k),
  );
  for (const k of taken) {
    const factor = share / taken.length;
    const errors = counted.map(({ first, label, row }) => {
      const own = label === k;
      const error = (own ? 1 : 0) - at(p, first + k);
      return { at: first + k, own, row, size: Math.abs(error), sign: -Math.sign(error) };
    });
    errors.sort((a, b) => compareErrors(a.size, b.size) || a.row - b.row);
    let left = errors.filter(({ own }) => own).length;
    let union = left;
    for (const { at: index, own, size, sign } of errors) {
      // J_r − J_{r−1}, as J_r = 1 − left/union.
      const step = own ? 1 / union : union === 0 ? 1 : left / (union * (union + 1));
      if (own) left--;
      else union++;
      addAt(loss, 0, factor * size * step);
      slope.data[index] = factor * sign * step;
    }
  }
}

/** Sorts larger errors first, compared in float32 as kernels do, and NaN before all others. */
function compareErrors(a: number, b: number): number {
  const [x, y] = [Math.fround(a), Math.fround(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(y)) - Number(Number.isNaN(x));
  return Number(x < y) - Number(x > y);
}

/** Options of {@link lovaszSoftmax}. */
export interface LovaszSoftmaxOptions {
  /** Classes to average over: those that occur among the labels (`present`, the default), or `all`. */
  readonly classes?: 'present' | 'all';
  /**
   * True for the mean of each image's loss, which is 0 for images whose labels are all ignored; default
   * false, for the loss of the whole batch.
   */
  readonly perImage?: boolean;
  /** Label of rows to ignore; default −100. */
  readonly ignoreIndex?: number;
  /**
   * float32[]: number of counted rows over all processes, or number of images with `perImage`. The loss is
   * then this process's share, so that the sum over processes is the loss. With `perImage`, this is exact.
   * Otherwise the share is the process's own loss times its fraction of the rows: an approximation, since IoU
   * is not a sum over rows.
   */
  readonly count?: Value;
}

/**
 * Lovász-softmax loss float32[] of probabilities p [N,K,S…] (softmax of logits) for labels int32 or uint8
 * [N,S…], like `lovasz_softmax` in the authors' PyTorch code. Rows with equal errors are ordered by their
 * index. The gradient at an error of 0 is 0. If all rows are ignored, the loss is 0.
 *
 * @throws ShapeError if shapes disagree, `classes` is neither of the two, or there are 2³¹ rows or more
 */
export function lovaszSoftmax(
  p: Value,
  labels: Value,
  { classes = 'present', perImage = false, ignoreIndex = -100, count }: LovaszSoftmaxOptions = {},
): Value<'float32'> {
  const attrs = { classes, per_image: perImage, ignore_index: ignoreIndex };
  const outputs = emitAll(lovaszSoftmaxOp, [p, labels, ...(count ? [count] : [])], attrs);
  return outputAt(outputs, 0).as('float32');
}
