/**
 * In-place running sum: state ← keep·state + factor·value. Covers gradient accumulation (keep 0 or 1) and
 * moving averages (keep + factor = 1). If keep is 0, the previous state is ignored, even if it is NaN.
 */
import { elements } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { at } from './support/reference.js';
import {
  checkUpdate,
  firstUpdated,
  partialUpdate,
  type UpdateAttributes,
  updateCost,
} from './support/update.js';

export const accumulateOp: OpDefinition<UpdateAttributes> = {
  name: 'accumulate',
  inputs: [
    { name: 'state', kind: 'float32' },
    { name: 'value', kind: 'float32' },
    { name: 'keep', kind: 'float32' },
    { name: 'factor', kind: 'float32' },
  ],
  outputs: [{ name: 'state', kind: 'float32' }],
  infer(context) {
    const { input } = context;
    checkUpdate(context, [], [input(2), input(3)]);
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0, required: true }],
  parts: { update: partialUpdate(), make: null },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => updateCost(context, outputs, 3),
  reference(context) {
    const { input, output } = context;
    const [state, value] = [input(0), input(1)];
    const [keep, factor] = [at(input(2), 0), at(input(3), 0)];
    const first = firstUpdated(context);
    output(0).data.set(state.data);
    for (let j = 0; j < elements(value.shape); j++) {
      const before = keep === 0 ? 0 : keep * at(state, first + j);
      output(0).data[first + j] = before + factor * at(value, j);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * The new sum, in place of `state`. `state` and `value` are float32 of the same shape; `keep` and `factor`
 * are float32[].
 *
 * @throws ShapeError if the shapes differ, or `keep` or `factor` is not a scalar
 */
export function accumulate(
  state: Value,
  value: Value,
  { keep, factor }: { keep: Value; factor: Value },
): Value<'float32'> {
  return emit(accumulateOp, [state, value, keep, factor], { begin: 0 }).as('float32');
}
