/** What the pooling ops share. */

import { channels, dim, rows, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
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

export interface PoolOptions {
  /** One number for both axes or [height, width]; the window's size when left out. */
  readonly stride?: PairOption;
  /** Rows and columns added on each side, at most half of the window; 0 when left out. */
  readonly padding?: PairOption;
}

export function poolAttributes(kernel: PairOption, { stride = kernel, padding = 0 }: PoolOptions) {
  return { kernel: pair(kernel), stride: pair(stride), padding: pair(padding) };
}

export function poolWindow({ kernel, stride, padding }: PoolAttributes): Window {
  return { kernel, stride, padding, dilation: [1, 1] };
}

/** Shape that pooling makes of x. */
export function pooledShape(x: TensorType, attrs: PoolAttributes, ceil = false): number[] {
  checkImages(x, 'x');
  checkPool(attrs);
  return [dim(x.shape, 0), channels(x.shape), ...windowedSize(x.shape, poolWindow(attrs), ceil)];
}

/** Shape of the input whose pooling gave `dy`; `size` is its height and width. */
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
  // More padding would leave windows that hold nothing but padding.
  if (attrs.padding.some((padding, axis) => 2 * padding > dim(attrs.kernel, axis))) {
    throw new ShapeError(
      `padding [${attrs.padding.join(', ')}] is more than half of the window [${attrs.kernel.join(', ')}]`,
    );
  }
}

/** Elements of the window, padding included. */
export function windowArea(kernel: Shape): number {
  return dim(kernel, 0) * dim(kernel, 1);
}

export type AvgPoolAttributes = PoolAttributes & {
  /** Whether padding counts in the mean. */
  readonly count_include_pad: boolean;
};

/** What each element of a window weighs in its mean: one over the elements counted, by output row. */
export function averageWeights(input: Shape, output: Shape, attrs: AvgPoolAttributes): Float64Array {
  const outputRows = rows(output);
  if (attrs.count_include_pad) return new Float64Array(outputRows).fill(1 / windowArea(attrs.kernel));
  const counts = new Float64Array(outputRows);
  forEachTap(input, output, poolWindow(attrs), (_, outputRow) => {
    counts[outputRow] = (counts[outputRow] ?? 0) + 1;
  });
  return counts.map((count) => 1 / count);
}
