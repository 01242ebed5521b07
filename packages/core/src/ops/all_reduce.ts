/** Sums x over the processes of a group. The step waits for the sum (torch.distributed.all_reduce). */

import type { DType } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { HELD_SUM } from './held-sum.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export const allReduceOp: OpDefinition<GroupAttributes> = {
  name: 'all_reduce',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'sum', kind: 'any' }],
  ...SAME_TYPE,
  effects: { ...PURE, collective: HELD_SUM },
};

/**
 * The sum of x, float32[K] or int32[K], over the processes of `group`; bit-identical on all of them.
 *
 * @throws ShapeError unless x is such a vector
 */
export function allReduce<D extends DType>(x: Value<D>, group: string): Value<D> {
  return emit(allReduceOp, [x], { group }).as(x.dtype);
}
