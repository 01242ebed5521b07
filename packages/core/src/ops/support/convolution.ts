/** Shared by the convolution ops: attributes, shape rules and iteration over multiply-adds. */

import { channels, dim, elements, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { ReferenceTensor } from '../../ir/define.js';
import { at } from './reference.js';
import { checkImages, checkWindow, forEachTap, type Window } from './window.js';

/** Lists are [height, width]; dilation 1 means a dense window. */
export type Conv2dAttributes = {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
};

/** The window of a weight O×C/g×KH×KW. */
export function convWindow({ stride, padding, dilation }: Conv2dAttributes, weight: Shape): Window {
  return { kernel: weight.slice(2), stride, padding, dilation };
}

/** Throws ShapeError if the weight does not match `inputChannels` or the groups. */
export function checkConv(weight: TensorType, inputChannels: number, attrs: Conv2dAttributes): void {
  checkImages(weight, 'weight');
  checkWindow(convWindow(attrs, weight.shape));
  const { groups } = attrs;
  const outputChannels = dim(weight.shape, 0);
  if (!Number.isInteger(groups) || groups < 1 || inputChannels % groups || outputChannels % groups) {
    throw new ShapeError(
      `${groups} groups do not divide ${inputChannels} input and ${outputChannels} output channels`,
    );
  }
  if (channels(weight.shape) * groups !== inputChannels) {
    throw new ShapeError(
      `expected ${inputChannels} input channels in ${groups} groups but received the weight ${formatType(weight)}`,
    );
  }
}

/** Counts each multiply-add as two operations. */
export function convFlops(output: Shape, weight: Shape): number {
  return 2 * elements(output) * elements(weight.slice(1));
}

/**
 * One dot product of a convolution, in storage indices: y[y] += Σⱼ x[x + j]·w[w + j·step] for 0 ≤ j < length.
 */
export type VisitDot = (x: number, w: number, y: number, length: number, step: number) => void;

/**
 * Calls `visit` for every output element and every tap of its window outside the padding. Each dot product is
 * over the input channels of the group. Indices are those of x (N·H·W·C), w (O·C/g·KH·KW) and y (N·OH·OW·O).
 */
export function forEachDot(
  input: Shape,
  weight: Shape,
  output: Shape,
  attrs: Conv2dAttributes,
  visit: VisitDot,
): void {
  const inputChannels = channels(input);
  const outputChannels = channels(output);
  const groupInputs = channels(weight);
  const groupOutputs = outputChannels / attrs.groups;
  const area = dim(weight, 2) * dim(weight, 3);
  forEachTap(input, output, convWindow(attrs, weight), (inputRow, outputRow, tap) => {
    for (let o = 0; o < outputChannels; o++) {
      const firstInput = inputRow * inputChannels + Math.floor(o / groupOutputs) * groupInputs;
      visit(firstInput, o * groupInputs * area + tap, outputRow * outputChannels + o, groupInputs, area);
    }
  });
}

/** `sum` + Σⱼ x[xAt + j] · w[wAt + j·step], added in order of j. Throws RangeError outside the tensors. */
export function addDot(
  sum: number,
  x: ReferenceTensor,
  xAt: number,
  w: ReferenceTensor,
  wAt: number,
  length: number,
  step: number,
): number {
  const [xs, ws] = [x.data, w.data];
  checkRange(x, xAt, length, 1);
  checkRange(w, wAt, length, step);
  let result = sum;
  for (let j = 0; j < length; j++) result += (xs[xAt + j] ?? 0) * (ws[wAt + j * step] ?? 0);
  return result;
}

/** to[toAt + j·toStep] += factor · from[fromAt + j·fromStep]. Throws RangeError outside the tensors. */
export function addScaled(
  to: ReferenceTensor,
  toAt: number,
  toStep: number,
  from: ReferenceTensor,
  fromAt: number,
  fromStep: number,
  factor: number,
  length: number,
): void {
  const [sums, values] = [to.data, from.data];
  checkRange(to, toAt, length, toStep);
  checkRange(from, fromAt, length, fromStep);
  for (let j = 0; j < length; j++) {
    const index = toAt + j * toStep;
    sums[index] = (sums[index] ?? 0) + factor * (values[fromAt + j * fromStep] ?? 0);
  }
}

/** Throws RangeError unless the tensor has all of `length` elements, `step` apart from `first`. */
function checkRange(tensor: ReferenceTensor, first: number, length: number, step: number): void {
  if (length === 0) return;
  at(tensor, first);
  at(tensor, first + (length - 1) * step);
}
