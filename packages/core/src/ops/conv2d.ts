/** y = w ⋆ x + b: two-dimensional cross-correlation with stride, zero padding, dilation and groups (torch.nn.Conv2d). */
import { ShapeError } from '../errors.js';
import { channels, dim, elements, formatType } from '../shape.js';
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { conv2dBackwardData } from './conv2d_backward_data.js';
import { conv2dBackwardWeights } from './conv2d_backward_weights.js';
import { defineOp } from './define.js';
import { reduceRows } from './reduce_rows.js';
import {
  type Conv2dAttributes,
  checkConv,
  convFlops,
  convWindow,
  forEachProduct,
} from './support/convolution.js';
import { streamed } from './support/cost.js';
import { addAt, at } from './support/reference.js';
import { checkImages, type PairOption, pair, windowedSize } from './support/window.js';

export const conv2dOp = defineOp<'conv2d', Conv2dAttributes>('conv2d', {
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'weight', kind: 'float32' },
    { name: 'bias', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs, input, inputs }) {
    const [x, weight] = [input(0), input(1)];
    checkImages(x, 'x');
    checkConv(weight, channels(x.shape), attrs);
    const outputs = dim(weight.shape, 0);
    if (inputs[2] && elements(inputs[2].shape) !== outputs) {
      throw new ShapeError(`expected ${outputs} channels for bias but received ${formatType(inputs[2])}`);
    }
    const size = windowedSize(x.shape, convWindow(attrs, weight.shape));
    return [{ shape: [dim(x.shape, 0), outputs, ...size], dtype: x.dtype }];
  },
  gradient({ attrs, input, diff, needs }) {
    const [x, weight] = [input(0), input(1)];
    // The weight's gradient first: x is not read again after it.
    const dweight = needs(1) ? conv2dBackwardWeights(x, diff(0), weight.shape.slice(2), attrs) : null;
    const dbias = needs(2) ? reduceRows(diff(0)) : null;
    const dx = needs(0) ? conv2dBackwardData(diff(0), weight, x.shape.slice(2), attrs) : null;
    return [dx, dweight, dbias];
  },
  overwrites: [],
  cost(context, outputs) {
    const flops = outputs[0] ? convFlops(outputs[0].shape, context.input(1).shape) : 0;
    return { flops, bytes: streamed(context, outputs).bytes };
  },
  reference({ attrs, inputs, input, output }) {
    const [x, weight, y] = [input(0), input(1), output(0)];
    const width = channels(y.shape);
    for (let i = 0; i < elements(y.shape); i++) y.data[i] = inputs[2] ? at(inputs[2], i % width) : 0;
    forEachProduct(x.shape, weight.shape, y.shape, attrs, (xi, wi, yi) => {
      addAt(y, yi, at(x, xi) * at(weight, wi));
    });
  },
  peerKeeps: { inputs: [0], outputs: [] },
});

export interface Conv2dOptions {
  /** One number for both axes or [height, width]; 1 when left out. */
  readonly stride?: PairOption;
  /** Zeros added on each side; 0 when left out. */
  readonly padding?: PairOption;
  /** Distance between window taps; 1 (a dense window) when left out. */
  readonly dilation?: PairOption;
  readonly groups?: number;
}

/** Convolves x [N,C,H,W] with weight float32[O,C/groups,KH,KW] and bias float32[O]; y [N,O,OH,OW]. */
export function conv2d(x: Value, weight: Value, bias: Value | null, options: Conv2dOptions = {}): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const attrs = { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups };
  return emit('conv2d', [x, weight, bias], attrs);
}
