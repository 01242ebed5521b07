/** dx = φ′·dz, with φ′ computed from the output z = φ(x). */

import { elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type ActivationAttributes, activationDiff } from '../ir/activations.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import { operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { activationSlope } from './support/activated.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { unsought } from './support/unsought.js';

export const activationBackwardOp: OpDefinition<ActivationAttributes> = {
  name: 'activation_backward',
  inputs: [
    { name: 'dz', kind: 'data' },
    { name: 'z', kind: 'data' },
  ],
  outputs: [{ name: 'dx', kind: 'data' }],
  infer({ input }) {
    const [dz, z] = [input(0), input(1)];
    if (!sameShape(dz.shape, z.shape)) {
      throw new ShapeError(`dz and z differ in shape: ${formatType(dz)} and ${formatType(z)}`);
    }
    return [dz];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: {
    elementwise: ({ attrs }) => unsought(activationSlope(operand(0), operand(1), attrs)),
    epilogue: null,
    fuse: null,
  },
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const [dz, z] = [input(0), input(1)];
    for (let i = 0; i < elements(z.shape); i++) {
      output(0).data[i] = activationDiff(at(dz, i), at(z, i), attrs);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** φ′·dz for the output z of an activation; dz and z have the same shape. */
export function activationBackward(dz: Value, z: Value, { activation, slope }: ActivationAttributes): Value {
  return emit(activationBackwardOp, [dz, z], { activation, slope });
}
