/** Shared by the forward convolutions: shape rule, cost and reference kernel. */

import { channels, dim, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { Cost, InferContext, ReferenceTensor } from '../../ir/define.js';
import { type Conv2dAttributes, checkConv, convFlops, convWindow, forEachDot } from './convolution.js';
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
  return { flops, bytes: streamed(context, outputs).bytes };
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
  forEachDot(x.shape, weight.shape, y.shape, attrs, (dot) => {
    let sum = at(y, dot.y);
    for (let j = 0; j < dot.length; j++) sum += at(x, dot.x + j) * at(weight, dot.w + j * dot.step);
    y.data[dot.y] = sum;
  });
}
