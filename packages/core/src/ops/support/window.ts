/** Shared by convolution and pooling: window attributes, output size, and iteration over window taps. */

import { dim, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** [height, width]. */
export type Pair = readonly [number, number];

/** One number for both axes, or [height, width]. */
export type PairOption = number | Pair;

export function pair(option: PairOption): Pair {
  return typeof option === 'number' ? [option, option] : option;
}

/** A sliding window; each list is [height, width]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** Throws ShapeError unless the window attributes are pairs of integers in range. */
export function checkWindow({ kernel, stride, padding, dilation }: Window): void {
  for (const [name, list, least] of [
    ['kernel', kernel, 1],
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
  ] as const) {
    if (list.length !== 2 || list.some((size) => !Number.isInteger(size) || size < least)) {
      throw new ShapeError(
        `expected two whole numbers of at least ${least} for ${name} but received [${list.join(', ')}]`,
      );
    }
  }
}

/**
 * Output height and width of a window over `shape` (N×C×H×W). Throws ShapeError if the window does not fit.
 */
export function windowedSize(shape: Shape, window: Window, ceil = false): [number, number] {
  const { kernel, stride, padding, dilation } = window;
  const [height, width] = [0, 1].map((axis) =>
    windowOutput(
      dim(shape, axis + 2),
      dim(kernel, axis),
      dim(stride, axis),
      dim(padding, axis),
      dim(dilation, axis),
      ceil,
    ),
  );
  if (!height || !width || height < 1 || width < 1) {
    throw new ShapeError(
      `a window of ${span(kernel, dilation)} does not fit an input of ${shape.slice(2).join('×')} with padding ${padding.join('×')}`,
    );
  }
  return [height, width];
}

function span(kernel: readonly number[], dilation: readonly number[]): string {
  return kernel.map((size, axis) => (size - 1) * dim(dilation, axis) + 1).join('×');
}

/** Throws ShapeError unless the operand is N×C×H×W. */
export function checkImages(type: TensorType, name: string): void {
  if (type.shape.length !== 4)
    throw new ShapeError(`expected N×C×H×W for ${name} but received ${formatType(type)}`);
}

/**
 * Throws ShapeError unless the cotangent has the output shape of the window over `shape` with
 * `outputChannels`.
 */
export function checkWindowed(
  diff: TensorType,
  shape: Shape,
  outputChannels: number,
  window: Window,
  ceil = false,
): void {
  const expected = [dim(shape, 0), outputChannels, ...windowedSize(shape, window, ceil)];
  if (expected.some((size, axis) => size !== diff.shape[axis])) {
    throw new ShapeError(`expected [${expected.join(',')}] for dy but received ${formatType(diff)}`);
  }
}

/**
 * Calls `visit` for every pair of output and input positions joined by a window tap, skipping padding: rows
 * of the channels-last matrices [N·H·W, C], and the tap index kh·KW + kw. Visits outputs in order, and the
 * taps of each output in order.
 */
export function forEachTap(
  input: Shape,
  output: Shape,
  { kernel, stride, padding, dilation }: Window,
  visit: (inputRow: number, outputRow: number, tap: number) => void,
): void {
  const [height, width] = [dim(input, 2), dim(input, 3)];
  const [kernelHeight, kernelWidth] = [dim(kernel, 0), dim(kernel, 1)];
  forEachPosition(output, (n, oh, ow, outputRow) => {
    for (let kh = 0; kh < kernelHeight; kh++) {
      const ih = oh * dim(stride, 0) - dim(padding, 0) + kh * dim(dilation, 0);
      if (ih < 0 || ih >= height) continue;
      for (let kw = 0; kw < kernelWidth; kw++) {
        const iw = ow * dim(stride, 1) - dim(padding, 1) + kw * dim(dilation, 1);
        if (iw < 0 || iw >= width) continue;
        visit((n * height + ih) * width + iw, outputRow, kh * kernelWidth + kw);
      }
    }
  });
}

function forEachPosition(shape: Shape, visit: (n: number, h: number, w: number, row: number) => void): void {
  let row = 0;
  for (let n = 0; n < dim(shape, 0); n++) {
    for (let h = 0; h < dim(shape, 2); h++) {
      for (let w = 0; w < dim(shape, 3); w++) visit(n, h, w, row++);
    }
  }
}

/** Spatial output size of a convolution or pooling window. */
function windowOutput(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceil = false,
): number {
  const span = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (!ceil) return Math.floor(span / stride) + 1;
  const output = Math.ceil(span / stride) + 1;
  // As in PyTorch, the last window must start inside the input or its near padding.
  return (output - 1) * stride >= size + padding ? output - 1 : output;
}
