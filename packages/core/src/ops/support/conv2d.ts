/** Shared by the forward convolutions: shape rule, cost and reference kernel. */

import { channels, dim, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { Cost, InferContext, ReferenceTensor } from '../../ir/define.js';
import {
  addDot,
  type Conv2dAttributes,
  checkConv,
  convFlops,
  convWindow,
  forEachDot,
} from './convolution.js';
import { streamed } from './cost.js';
import { at } from './reference.js';
import { checkImages, windowedSize } from './window.js';

/** Type of w ⋆ x + b; operands are x, weight and an optional bias. */
export function conv2dShape({ attrs, input, inputs }: InferContext<Conv2dAttributes>): TensorType {
  const [x, weight] = [input(0), input(1)];
  checkImages(x, 'x');
  checkConv(weight, channels(x.shape), attrs);
  const outputs = dim(weight.shape, 0);
  if (inputs[2] && elements(inputs[2].shape) !== outputs) {
    throw new ShapeError(`expected ${outputs} channels for bias but received ${formatType(inputs[2])}`);
  }
  const size = windowedSize(x.shape, convWindow(attrs, weight.shape));
  return { shape: [dim(x.shape, 0), outputs, ...size], dtype: x.dtype };
}

export function conv2dCost(context: InferContext<Conv2dAttributes>, outputs: readonly TensorType[]): Cost {
  const flops = outputs[0] ? convFlops(outputs[0].shape, context.input(1).shape) : 0;
  return streamed(context, outputs, flops);
}

/** y = w ⋆ x + b */
export function convolve(
  x: ReferenceTensor,
  weight: ReferenceTensor,
  bias: ReferenceTensor | null,
  y: ReferenceTensor,
  attrs: Conv2dAttributes,
): void {
  const width = channels(y.shape);
  for (let i = 0; i < elements(y.shape); i++) y.data[i] = bias ? at(bias, i % width) : 0;
  forEachDot(x.shape, weight.shape, y.shape, attrs, (xAt, wAt, yAt, length, step) => {
    y.data[yAt] = addDot(at(y, yAt), x, xAt, weight, wAt, length, step);
  });
}
