/** a = φ⁻¹(out) − b: rebuilds one term of a residual sum, in the buffer of the sum. */
import { elements } from '@inplace-abn/tensor';
import { type ActivationAttributes, invertActivation } from '../ir/activations.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';

export const addInvertOp: OpDefinition<ActivationAttributes> = {
  name: 'add_invert',
  inputs: [
    { name: 'out', kind: 'data' },
    { name: 'b', kind: 'data' },
  ],
  outputs: [{ name: 'a', kind: 'data' }],
  infer: ({ input }) => [input(0)],
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
    const sum = input(0).data;
    const b = input(1).data;
    const a = output(0);
    for (let i = 0; i < elements(a.shape); i++)
      a.data[i] = invertActivation(sum[i] ?? 0, attrs) - (b[i] ?? 0);
  },
  peerKeeps: KEEPS_NOTHING,
};

/** The term a, given out = φ(a + b) and b. */
export function addInvert(out: Value, b: Value, attrs: ActivationAttributes): Value {
  return emit(addInvertOp, [out, b], attrs, { rebuilds: true });
}
