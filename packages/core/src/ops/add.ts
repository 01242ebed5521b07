/** out = φ(a + b): a residual sum with an optional activation. */

import { type DType, elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import {
  type ActivationAttributes,
  activate,
  IDENTITY,
  invertActivation,
  isInvertible,
  isInvertibleWhereActive,
} from '../ir/activations.js';
import { type Inverse, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import { call, operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { activationBackward } from './activation_backward.js';
import { addInvert } from './add_invert.js';
import { activated, keptResult } from './support/activated.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';
import { unsought } from './support/unsought.js';

/** Recovers one term from the sum and the other term: a = φ⁻¹(out) − b. */
function termInverse(input: 0 | 1): Inverse<ActivationAttributes> {
  const other = 1 - input;
  return {
    input,
    fromOutputs: [0],
    fromInputs: [other],
    available: isInvertibleWhereActive,
    partial: (attrs) => !isInvertible(attrs),
    rebuild: ({ attrs, output, input: operand }) => addInvert(output(0), operand(other), attrs),
    reference: ({ attrs, output, input: operand }) =>
      output(0).data.map((out, i) => invertActivation(out, attrs) - at(operand(other), i)),
  };
}

export const addOp: OpDefinition<ActivationAttributes> = {
  name: 'add',
  inputs: [
    { name: 'a', kind: 'data', pitched: true },
    { name: 'b', kind: 'data', pitched: true },
  ],
  outputs: [{ name: 'out', kind: 'data', pitched: true }],
  infer({ input }) {
    const a = input(0);
    const b = input(1);
    if (!sameShape(a.shape, b.shape)) {
      throw new ShapeError(`terms differ in shape: ${formatType(a)} and ${formatType(b)}`);
    }
    return [a];
  },
  gradient({ attrs, diff, output, needs }) {
    const d = attrs.activation === 'identity' ? diff(0) : activationBackward(diff(0), output(0), attrs);
    return [needs(0) ? d : null, needs(1) ? d : null];
  },
  overwrites: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
  rows: () => [SAME_ROW, SAME_ROW],
  inverses: [termInverse(0), termInverse(1)],
  fusion: {
    elementwise: ({ attrs }) => unsought(activated(call('add', operand(0), operand(1)), attrs)),
    epilogue: ({ attrs, input }, operand) => ({ fold: null, addend: input(1 - operand), activation: attrs }),
    fuse: null,
  },
  absorb: null,
  slices: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const a = input(0).data;
    const b = input(1).data;
    const out = output(0);
    for (let i = 0; i < elements(out.shape); i++) out.data[i] = activate((a[i] ?? 0) + (b[i] ?? 0), attrs);
  },
  peerKeeps: (attrs) => ({ inputs: [], outputs: keptResult(attrs) }),
};

/** φ(a + b), elementwise; a and b have the same shape. */
export function add<D extends DType>(
  a: Value<D>,
  b: Value,
  attrs: ActivationAttributes = IDENTITY,
): Value<D> {
  return emit(addOp, [a, b], attrs).as(a.dtype);
}
