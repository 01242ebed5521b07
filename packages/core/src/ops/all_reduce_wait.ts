/** Waits for a sum started by all_reduce_start. The result stays in the same memory. */

import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { HELD_RESULT } from './held-sum.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export const allReduceWaitOp: OpDefinition<GroupAttributes> = {
  name: 'all_reduce_wait',
  inputs: [{ name: 'in_flight', kind: 'any' }],
  outputs: [{ name: 'sum', kind: 'any' }],
  ...SAME_TYPE,
  overwrites: [{ output: 0, input: 0, required: true }],
  effects: { ...PURE, collective: HELD_RESULT, late: true },

  cost: () => ({ flops: 0, bytes: 0 }),
};

/** The finished sum, with the type of `inFlight`. */
export function allReduceWait(inFlight: Value, group: string): Value {
  const kind = inFlight.kind === 'gradient' ? 'gradient' : 'activation';
  return emit(allReduceWaitOp, [inFlight], { group }, { kinds: [kind] });
}
