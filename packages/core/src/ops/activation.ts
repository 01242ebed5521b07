/** z = φ(x), elementwise. */

import { type DType, elements } from '@inplace-abn/tensor';
import {
  type ActivationAttributes,
  activate,
  invertActivation,
  isInvertible,
  isInvertibleWhereActive,
} from '../ir/activations.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import { operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { activationBackward } from './activation_backward.js';
import { activationInvert } from './activation_invert.js';
import { activated } from './support/activated.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';
import { unsought } from './support/unsought.js';

export const activationOp: OpDefinition<ActivationAttributes> = {
  name: 'activation',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'z', kind: 'data' }],
  infer: ({ input }) => [input(0)],
  gradient({ attrs, diff, output, needs }) {
    if (!needs(0)) return [null];
    return [attrs.activation === 'identity' ? diff(0) : activationBackward(diff(0), output(0), attrs)];
  },
  overwrites: [{ output: 0, input: 0 }],
  inverses: [
    {
      input: 0,
      fromOutputs: [0],
      fromInputs: [],
      available: isInvertibleWhereActive,
      partial: (attrs) => !isInvertible(attrs),
      // Where relu is active, its output is its input.
      rebuild: ({ attrs, output }) => (isInvertible(attrs) ? activationInvert(output(0), attrs) : output(0)),
      reference: ({ attrs, output }) => output(0).data.map((z) => invertActivation(z, attrs)),
    },
  ],
  fusion: {
    elementwise: ({ attrs }) => unsought(activated(operand(0), attrs)),
    epilogue: ({ attrs }) => ({ fold: null, addend: null, activation: attrs }),
    fuse: null,
  },
  rows: () => [SAME_ROW],
  absorb: null,
  slices: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const x = input(0);
    for (let i = 0; i < elements(x.shape); i++) output(0).data[i] = activate(at(x, i), attrs);
  },
  // The baseline's activations are in place, and autograd saves their result.
  peerKeeps: { inputs: [], outputs: [0] },
};

/** φ(x), elementwise, with the type of x: relu, leaky_relu, elu or identity, as in torch.nn.functional. */
export function activation<D extends DType>(x: Value<D>, attrs: ActivationAttributes): Value<D> {
  return emit(activationOp, [x], attrs).as(x.dtype);
}

/** max(x, 0), like torch.relu. */
export function relu<D extends DType>(x: Value<D>): Value<D> {
  return activation(x, { activation: 'relu', slope: 0 });
}
