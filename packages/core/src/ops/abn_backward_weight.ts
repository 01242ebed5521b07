/**
 * dγ from Σ dy·x̂: negated if s = |γ| + ε and γ < 0. A γ of exactly 0 counts as positive. Otherwise its
 * gradient would be 0, and it could never change.
 */

import { elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import type { AbnScale } from './support/abn.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type AbnBackwardWeightAttributes = { readonly scale: AbnScale };

export const abnBackwardWeightOp: OpDefinition<AbnBackwardWeightAttributes> = {
  name: 'abn_backward_weight',
  inputs: [
    { name: 'sum_dy_xhat', kind: 'float32' },
    { name: 'weight', kind: 'float32' },
  ],
  outputs: [{ name: 'dweight', kind: 'float32' }],
  infer({ input }) {
    const [sum, weight] = [input(0), input(1)];
    if (!sameShape(sum.shape, weight.shape)) {
      throw new ShapeError(`sum and weight differ in shape: ${formatType(sum)} and ${formatType(weight)}`);
    }
    return [sum];
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
    for (let c = 0; c < elements(input(1).shape); c++) {
      const gamma = attrs.scale === 'abs' ? at(input(1), c) : 1;
      const sign = gamma < 0 ? -1 : gamma >= 0 ? 1 : Number.NaN;
      output(0).data[c] = sign * at(input(0), c);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂γ, float32[C], from Σ dy·x̂ and γ, both float32[C]. */
export function abnBackwardWeight(sumDyXhat: Value, weight: Value, scale: AbnScale): Value {
  return emit(abnBackwardWeightOp, [sumDyXhat, weight], { scale });
}
