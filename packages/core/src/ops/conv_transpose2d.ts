/**
 * Transposed convolution (torch.nn.ConvTranspose2d): the input gradient of a convolution, as a layer. It uses
 * the kernel of conv2d_backward_data, and its own gradients are conv2d and conv2d_backward_weights.
 */
import {
  channels,
  type DType,
  dim,
  formatType,
  type Shape,
  sameShape,
  type TensorType,
} from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import type { OpDefinition } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import { call, operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { type Conv2dOptions, conv2dOp } from './conv2d.js';
import { type Conv2dBackwardDataAttributes, conv2dBackwardDataOp } from './conv2d_backward_data.js';
import { conv2dBackwardWeights } from './conv2d_backward_weights.js';
import { emitElementwise } from './elementwise.js';
import { type Conv2dAttributes, convWindow } from './support/convolution.js';
import { checkImages, checkWindow, type Pair, type PairOption, pair } from './support/window.js';

/** conv2d_backward_data as a differentiable forward op. */
export const convTranspose2dOp: OpDefinition<Conv2dBackwardDataAttributes> = {
  ...conv2dBackwardDataOp,
  gradient({ attrs: { stride, padding, dilation, groups }, input, diff, needs }) {
    const [x, weight] = [input(0), input(1)];
    const attrs = { stride, padding, dilation, groups };
    const dx = needs(0) ? emit(conv2dOp, [diff(0), weight, null], attrs) : null;
    const dweight = needs(1) ? conv2dBackwardWeights(diff(0), x, weight.shape.slice(2), attrs) : null;
    return [dx, dweight];
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/** Options of {@link convTranspose2d}, as in torch.nn.ConvTranspose2d. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added on the far side of the result, less than the stride; default 0. */
  readonly outputPadding?: PairOption;
}

/**
 * Transposed convolution of x [N,C,H,W] with weight float32[C,O/groups,KH,KW] and bias float32[O], like
 * torch.nn.functional.conv_transpose2d; returns [N,O,OH,OW] with OH = (H − 1)·stride − 2·padding +
 * dilation·(KH − 1) + outputPadding + 1.
 *
 * @throws ShapeError if channels, groups, bias or output padding do not fit
 */
export function convTranspose2d<D extends DType>(
  x: Value<D>,
  weight: Value,
  bias: Value | null,
  options: ConvTranspose2dOptions = {},
): Value<D> {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
  const attrs = { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups };
  const size = x.tracer.checking('conv_transpose2d', () => {
    checkOperands(x, weight, bias, attrs);
    return transposedSize(x.shape, weight.shape, attrs, pair(outputPadding));
  });
  const y = emit(convTranspose2dOp, [x, weight], { ...attrs, size }).as(x.dtype);
  const biased = call('add', operand(0), operand(1));
  return bias ? emitElementwise(biased, (index) => (index === 0 ? y : bias)).as(x.dtype) : y;
}

function checkOperands(
  x: TensorType,
  weight: TensorType,
  bias: TensorType | null,
  attrs: Conv2dAttributes,
): void {
  checkImages(x, 'x');
  checkImages(weight, 'weight');
  checkWindow(convWindow(attrs, weight.shape));
  if (bias && !sameShape(bias.shape, [channels(weight.shape) * attrs.groups])) {
    throw new ShapeError(
      `expected [${channels(weight.shape) * attrs.groups}] for bias but received ${formatType(bias)}`,
    );
  }
  if (channels(x.shape) === dim(weight.shape, 0)) return;
  throw new ShapeError(
    `expected ${dim(weight.shape, 0)} input channels for the weight ${formatType(weight)} but received ${formatType(x)}`,
  );
}

/** Smallest height and width whose convolution has the size of `x`, plus `extra`. */
function transposedSize(x: Shape, weight: Shape, attrs: Conv2dAttributes, extra: Pair): number[] {
  return extra.map((more, axis) => {
    const stride = dim(attrs.stride, axis);
    if (!Number.isInteger(more) || more < 0 || more >= stride) {
      throw new ShapeError(
        `expected an output padding from 0 to ${stride - 1} for stride ${stride} but received ${more}`,
      );
    }
    const reach = dim(attrs.dilation, axis) * (dim(weight, axis + 2) - 1);
    return (dim(x, axis + 2) - 1) * stride - 2 * dim(attrs.padding, axis) + reach + more + 1;
  });
}
