/** Shared by the pooling ops. */

import { channels, dim, elements, rows, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { Cost, InferContext } from '../../ir/define.js';
import { streamed } from './cost.js';
import {
  checkImages,
  checkWindow,
  checkWindowed,
  forEachTap,
  type PairOption,
  pair,
  type Window,
  windowedSize,
} from './window.js';

/** [height, width] lists. */
export type PoolAttributes = {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
};

/** Stride and padding of a pooling window. */
export interface PoolOptions {
  /** One number for both axes, or [height, width]; default the window's size. */
  readonly stride?: PairOption;
  /** Padding on each side, at most half the window; default 0. */
  readonly padding?: PairOption;
}

export function poolAttributes(kernel: PairOption, { stride = kernel, padding = 0 }: PoolOptions) {
  return { kernel: pair(kernel), stride: pair(stride), padding: pair(padding) };
}

export function poolWindow({ kernel, stride, padding }: PoolAttributes): Window {
  return { kernel, stride, padding, dilation: [1, 1] };
}

/** Output shape of pooling x. Throws ShapeError if x is not N×C×H×W or the window does not fit. */
export function pooledShape(x: TensorType, attrs: PoolAttributes, ceil = false): number[] {
  checkImages(x, 'x');
  checkPool(attrs);
  return [dim(x.shape, 0), channels(x.shape), ...windowedSize(x.shape, poolWindow(attrs), ceil)];
}

/** One operation per element of each window. */
export function poolCost(context: InferContext<PoolAttributes>, outputs: readonly TensorType[]): Cost {
  const windows = outputs[0] ? elements(outputs[0].shape) : 0;
  return streamed(context, outputs, windows * windowArea(context.attrs.kernel));
}

/**
 * Input shape of the pooling whose output has the type of `dy`; `size` is the input's [H,W]. Throws
 * ShapeError if the window over that input does not give the shape of `dy`.
 */
export function unpooledShape(
  dy: TensorType,
  attrs: PoolAttributes & { readonly size: readonly number[] },
  ceil = false,
): number[] {
  checkImages(dy, 'dy');
  checkPool(attrs);
  const shape = [dim(dy.shape, 0), channels(dy.shape), ...attrs.size];
  checkWindowed(dy, shape, channels(shape), poolWindow(attrs), ceil);
  return shape;
}

function checkPool(attrs: PoolAttributes): void {
  checkWindow(poolWindow(attrs));
  // With more padding, some windows would contain nothing else.
  if (attrs.padding.some((padding, axis) => 2 * padding > dim(attrs.kernel, axis))) {
    throw new ShapeError(
      `padding [${attrs.padding.join(', ')}] is more than half of the window [${attrs.kernel.join(', ')}]`,
    );
  }
}

/** Elements per window, including padding. */
export function windowArea(kernel: Shape): number {
  return dim(kernel, 0) * dim(kernel, 1);
}

export type AvgPoolAttributes = PoolAttributes & {
  /** True to count padding in the mean. */
  readonly count_include_pad: boolean;
};

/** Weight of each window element in the mean, by output row: one over the number of elements counted. */
export function averageWeights(input: Shape, output: Shape, attrs: AvgPoolAttributes): Float64Array {
  const outputRows = rows(output);
  if (attrs.count_include_pad) return new Float64Array(outputRows).fill(1 / windowArea(attrs.kernel));
  const counts = new Float64Array(outputRows);
  forEachTap(input, output, poolWindow(attrs), (_, outputRow) => {
    counts[outputRow] = (counts[outputRow] ?? 0) + 1;
  });
  return counts.map((count) => 1 / count);
}
