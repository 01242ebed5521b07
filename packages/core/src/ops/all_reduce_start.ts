/**
 * Starts an asynchronous all-reduce; the result is in flight until all_reduce_wait. Until then its memory
 * belongs to the communication thread, and its lifetime keeps other values out of it.
 */

import type { DType } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { allReduceWait } from './all_reduce_wait.js';
import { HELD_SUM } from './held-sum.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export const allReduceStartOp: OpDefinition<GroupAttributes> = {
  name: 'all_reduce_start',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'in_flight', kind: 'any' }],
  ...SAME_TYPE,
  effects: { ...PURE, collective: HELD_SUM },
};

/** An all-reduce in flight. */
export interface PendingSum<D extends DType = DType> {
  /** Waits for the sum. If it belongs to the update, the wait is scheduled as late as its readers allow. */
  wait(): Value<D>;
}

/**
 * Starts the sum of x, float32[K] or int32[K], over the processes of `group`. Call `wait` exactly once.
 *
 * @throws ShapeError unless x is such a vector
 */
export function startAllReduce<D extends DType>(x: Value<D>, group: string): PendingSum<D> {
  const kind = x.kind === 'gradient' ? 'gradient' : 'activation';
  const inFlight = emit(allReduceStartOp, [x], { group }, { kinds: [kind] });
  return { wait: () => allReduceWait(inFlight, group).as(x.dtype) };
}
