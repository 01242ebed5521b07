/** Waits for a sum that all_reduce_start began; it is where it was in flight. */
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { defineOp } from './define.js';
import { checkAlone, checkReducible, copyTensor, type GroupAttributes } from './support/collective.js';

export const allReduceWaitOp = defineOp<'all_reduce_wait', GroupAttributes>('all_reduce_wait', {
  inputs: [{ name: 'in_flight', kind: 'any' }],
  outputs: [{ name: 'sum', kind: 'any' }],
  infer({ input }) {
    checkReducible(input(0));
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0, required: true }],
  collective: true,
  late: true,
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ attrs, input, output }) {
    checkAlone(attrs);
    copyTensor(input(0), output(0));
  },
});

/** The finished sum, in the type of `inFlight`. */
export function allReduceWait(inFlight: Value, group: string): Value {
  const kind = inFlight.kind === 'gradient' ? 'gradient' : 'activation';
  return emit('all_reduce_wait', [inFlight], { group }, { kinds: [kind] });
}
