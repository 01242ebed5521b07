/** y = φ⁻¹(z): rebuilds the input of an activation, in the buffer of its output. */

import { elements } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type ActivationAttributes, invertActivation, isInvertible } from '../ir/activations.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const activationInvertOp: OpDefinition<ActivationAttributes> = {
  name: 'activation_invert',
  inputs: [{ name: 'z', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs, input }) {
    if (!isInvertible(attrs)) {
      throw new ShapeError(`${attrs.activation} with slope ${attrs.slope} has no inverse`);
    }
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0 }],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const z = input(0);
    for (let i = 0; i < elements(z.shape); i++) output(0).data[i] = invertActivation(at(z, i), attrs);
  },
  peerKeeps: KEEPS_NOTHING,
};

/** φ⁻¹(z), elementwise, for invertible activations (not relu). */
export function activationInvert(z: Value, { activation, slope }: ActivationAttributes): Value {
  return emit(activationInvertOp, [z], { activation, slope }, { rebuilds: true });
}
