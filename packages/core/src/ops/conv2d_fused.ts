/**
 * out = φ(w ⋆ x + b + addend): a convolution fused with its epilogue, in one pass over memory. Inference
 * only.
 */

import { elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type ActivationAttributes, activate } from '../ir/activations.js';
import { type Epilogue, KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { conv2dCost, conv2dShape, convolve } from './support/conv2d.js';
import { type Conv2dAttributes, convWindow } from './support/convolution.js';
import { at } from './support/reference.js';
import { rowsOf, SAME_ROW } from './support/row-windows.js';

export type Conv2dFusedAttributes = Conv2dAttributes & ActivationAttributes;

export const conv2dFusedOp: OpDefinition<Conv2dFusedAttributes> = {
  name: 'conv2d_fused',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'weight', kind: 'float32' },
    { name: 'bias', kind: 'float32', optional: true },
    { name: 'addend', kind: 'data', optional: true },
  ],
  outputs: [{ name: 'out', kind: 'data' }],
  infer(context) {
    const out = conv2dShape(context);
    const addend = context.inputs[3];
    if (addend && !sameShape(addend.shape, out.shape)) {
      throw new ShapeError(`expected ${formatType(out)} for addend but received ${formatType(addend)}`);
    }
    return [out];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 3 }],
  rows: ({ attrs, input }) => [rowsOf(convWindow(attrs, input(1).shape)), null, null, SAME_ROW],
  fusion: {
    elementwise: null,
    fuse({ attrs, input, inputs }, epilogue) {
      // Nothing can follow the activation in this op.
      if (attrs.activation !== 'identity') return null;
      const operands = { x: input(0), weight: input(1), bias: inputs[2] ?? null, addend: inputs[3] ?? null };
      return fused(operands, attrs, epilogue);
    },
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
    const out = output(0);
    convolve(input(0), input(1), inputs[2] ?? null, out, attrs);
    for (let i = 0; i < elements(out.shape); i++) {
      out.data[i] = activate(at(out, i) + (inputs[3] ? at(inputs[3], i) : 0), attrs);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

interface Operands {
  readonly x: Value;
  readonly weight: Value;
  readonly bias: Value | null;
  readonly addend: Value | null;
}

/**
 * The convolution fused with its reader's epilogue. null if it has an addend and the epilogue has another, or
 * scales and shifts it.
 */
export function fused(operands: Operands, attrs: Conv2dAttributes, epilogue: Epilogue): Value | null {
  const { fold, addend, activation } = epilogue;
  // A fold applies to the whole sum, but changes only weight and bias.
  if (operands.addend && (addend || fold)) return null;
  const { weight, bias } = fold?.(operands) ?? operands;
  const { stride, padding, dilation, groups } = attrs;
  const all: Conv2dFusedAttributes = { stride, padding, dilation, groups, ...activation };
  return emit(conv2dFusedOp, [operands.x, weight, bias, addend ?? operands.addend], all);
}
