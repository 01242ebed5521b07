/** The sum of x over the processes of a group, on all of them; the step waits for it. (torch.distributed.all_reduce) */
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { defineOp } from './define.js';
import { checkAlone, checkReducible, copyTensor, type GroupAttributes } from './support/collective.js';
import { streamed } from './support/cost.js';

export const allReduceOp = defineOp<'all_reduce', GroupAttributes>('all_reduce', {
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'sum', kind: 'any' }],
  infer({ input }) {
    checkReducible(input(0));
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0 }],
  collective: true,
  cost: streamed,
  reference({ attrs, input, output }) {
    checkAlone(attrs);
    copyTensor(input(0), output(0));
  },
});

/** Σ over the processes of `group` of x: float32[K] or int32[K]; the same bits on all of them. */
export function allReduce(x: Value, group: string): Value {
  return emit('all_reduce', [x], { group });
}
