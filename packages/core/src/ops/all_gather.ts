/** Gathers x from all processes of a group, in rank order (torch.distributed.all_gather_into_tensor). */

import { type DType, dim } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { pack } from './pack.js';
import { checkReducible, type GroupAttributes, ofThisProcess } from './support/collective.js';
import { streamed } from './support/cost.js';
import { ALIGNMENT } from './support/flat.js';

export type AllGatherAttributes = GroupAttributes & {
  /** Number of processes in the group. */
  readonly size: number;
  /**
   * Members of the group that each process holds. x has one row for each, as `pack` lays them out; default 1.
   */
  readonly held?: number;
};

export const allGatherOp: OpDefinition<AllGatherAttributes> = {
  name: 'all_gather',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'gathered', kind: 'any' }],
  infer({ attrs, input }) {
    checkReducible(input(0));
    if (!Number.isInteger(attrs.size) || attrs.size < 1) {
      throw new ShapeError(`expected a group of at least one process but received ${attrs.size}`);
    }
    const { size, held = 1 } = attrs;
    return [{ shape: [size * held, dim(input(0).shape, 0) / held], dtype: input(0).dtype }];
  },
  gradient: null,
  overwrites: [],
  effects: {
    ...PURE,
    collective: {
      together(own, _, { name, size }) {
        const elements = own[0]?.shape[0] ?? 0;
        if (elements % ALIGNMENT === 0) return gathered(pack(own), name, size, own.length);
        throw new ShapeError(
          `expected a vector from pack, with a multiple of ${ALIGNMENT} elements, but received ${elements} elements`,
        );
      },
    },
  },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  cost: streamed,
  reference: ofThisProcess,
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Gathers x, float32[K] or int32[K], from all `size` processes of `group` into `[size,K]`; row i comes from
 * rank i. If a process holds several members, K must be a multiple of 16, like the length of what `pack`
 * returns.
 *
 * @throws ShapeError unless x is such a vector and `size` an integer of at least 1
 */
export function allGather<D extends DType>(x: Value<D>, group: string, size: number): Value<D> {
  return gathered(x, group, size, 1);
}

/** Gathers x, which has one row for each of `held` members. */
function gathered<D extends DType>(x: Value<D>, group: string, size: number, held: number): Value<D> {
  return emit(allGatherOp, [x], held === 1 ? { group, size } : { group, size, held }).as(x.dtype);
}
