/** y = w ⋆ x + b: 2D cross-correlation with stride, zero padding, dilation and groups (torch.nn.Conv2d). */

import type { DType } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { conv2dBackwardData } from './conv2d_backward_data.js';
import { conv2dBackwardWeights } from './conv2d_backward_weights.js';
import { fused } from './conv2d_fused.js';
import { reduceRows } from './reduce_rows.js';
import { conv2dCost, conv2dShape, convolve } from './support/conv2d.js';
import { type Conv2dAttributes, convWindow } from './support/convolution.js';
import { rowsOf } from './support/row-windows.js';
import { type PairOption, pair } from './support/window.js';

export const conv2dOp: OpDefinition<Conv2dAttributes> = {
  name: 'conv2d',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'weight', kind: 'float32', makesChannels: true },
    { name: 'bias', kind: 'float32', optional: true, makesChannels: true },
  ],
  outputs: [{ name: 'y', kind: 'data' }],
  infer: (context) => [conv2dShape(context)],
  gradient({ attrs, input, diff, needs }) {
    const [x, weight] = [input(0), input(1)];
    // Emit dx before the weight gradient. The update must wait until dx has read the weight, so an earlier
    // weight gradient would only occupy memory.
    const dx = needs(0) ? conv2dBackwardData(diff(0), weight, x.shape.slice(2), attrs) : null;
    const dweight = needs(1) ? conv2dBackwardWeights(x, diff(0), weight.shape.slice(2), attrs) : null;
    const dbias = needs(2) ? reduceRows(diff(0)) : null;
    return [dx, dweight, dbias];
  },
  overwrites: [],
  rows: ({ attrs, input }) => [rowsOf(convWindow(attrs, input(1).shape))],
  fusion: {
    elementwise: null,
    fuse: ({ attrs, input, inputs }, epilogue) =>
      fused({ x: input(0), weight: input(1), bias: inputs[2] ?? null, addend: null }, attrs, epilogue),
    epilogue: null,
  },
  inverses: [],
  absorb: null,
  slices: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: conv2dCost,
  family: 'convolution',
  reference({ attrs, inputs, input, output }) {
    convolve(input(0), input(1), inputs[2] ?? null, output(0), attrs);
  },
  peerKeeps: { inputs: [0], outputs: [] },
};

/** Options of {@link conv2d}, as in torch.nn.Conv2d. */
export interface Conv2dOptions {
  /** One number for both axes, or [height, width]; default 1. */
  readonly stride?: PairOption;
  /** Zero padding on each side; default 0. */
  readonly padding?: PairOption;
  /** Distance between window taps; default 1, a dense window. */
  readonly dilation?: PairOption;
  /**
   * Number of blocks of channels that are convolved separately. It divides the input and output channels;
   * default 1.
   */
  readonly groups?: number;
}

/**
 * Convolves x [N,C,H,W] with weight float32[O,C/groups,KH,KW] and bias float32[O], like
 * torch.nn.functional.conv2d; returns [N,O,OH,OW].
 *
 * @throws ShapeError if channels, groups or window do not fit x
 */
export function conv2d<D extends DType>(
  x: Value<D>,
  weight: Value,
  bias: Value | null,
  options: Conv2dOptions = {},
): Value<D> {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const attrs = { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups };
  return emit(conv2dOp, [x, weight, bias], attrs).as(x.dtype);
}
