/** x of one process of a group, on all of them. (torch.distributed.broadcast) */
import { ShapeError } from '../errors.js';
import type { OpDefinition } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export type BroadcastAttributes = GroupAttributes & {
  /** Rank in the group of the process that sends. */
  readonly root: number;
};

export const broadcastOp: OpDefinition<BroadcastAttributes> = {
  name: 'broadcast',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'received', kind: 'any' }],
  ...SAME_TYPE,
  infer(context) {
    const { root } = context.attrs;
    if (!Number.isInteger(root) || root < 0)
      throw new ShapeError(`expected a rank for root but received ${root}`);
    return SAME_TYPE.infer(context);
  },
};

/** x (float32[K] or int32[K]) of process `root` of `group`. */
export function broadcast(x: Value, group: string, root: number): Value {
  return emit(broadcastOp, [x], { group, root });
}
