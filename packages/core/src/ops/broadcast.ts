/** x of one process of a group, on all of them. (torch.distributed.broadcast) */
import { ShapeError } from '../errors.js';
import { emit } from '../trace/emit.js';
import type { Value } from '../trace/value.js';
import { defineOp } from './define.js';
import { checkAlone, checkReducible, copyTensor, type GroupAttributes } from './support/collective.js';
import { streamed } from './support/cost.js';

export type BroadcastAttributes = GroupAttributes & {
  /** Rank in the group of the process that sends. */
  readonly root: number;
};

export const broadcastOp = defineOp<'broadcast', BroadcastAttributes>('broadcast', {
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'received', kind: 'any' }],
  infer({ attrs, input }) {
    checkReducible(input(0));
    if (!Number.isInteger(attrs.root) || attrs.root < 0) {
      throw new ShapeError(`expected a rank for root but received ${attrs.root}`);
    }
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

/** x (float32[K] or int32[K]) of process `root` of `group`. */
export function broadcast(x: Value, group: string, root: number): Value {
  return emit('broadcast', [x], { group, root });
}
