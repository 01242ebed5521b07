/** Broadcasts x from one process to its group (torch.distributed.broadcast). */
import type { DType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export type BroadcastAttributes = GroupAttributes & {
  /** Rank of the sender within the group. */
  readonly root: number;
};

export const broadcastOp: OpDefinition<BroadcastAttributes> = {
  name: 'broadcast',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'received', kind: 'any' }],
  ...SAME_TYPE,
  effects: {
    ...PURE,
    collective: {
      together(own, { root }, { name }) {
        const sender = own[Number(root) % own.length];
        if (sender) return broadcast(sender, name, Math.floor(Number(root) / own.length));
        throw new RangeError('a process holds no member of the group');
      },
    },
  },
  infer(context) {
    const { root } = context.attrs;
    if (!Number.isInteger(root) || root < 0)
      throw new ShapeError(`expected a rank for root but received ${root}`);
    return SAME_TYPE.infer(context);
  },
};

/**
 * The x of rank `root` in `group`, float32[K] or int32[K].
 *
 * @throws ShapeError unless x is such a vector and `root` an integer of at least 0
 */
export function broadcast<D extends DType>(x: Value<D>, group: string, root: number): Value<D> {
  return emit(broadcastOp, [x], { group, root }).as(x.dtype);
}
