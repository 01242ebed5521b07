/**
 * Starts the sum of x over the processes of a group, and does not wait: the result is in flight until all_reduce_wait.
 * Meanwhile its memory belongs to the thread that talks to the other processes; liveness keeps everyone else away from it.
 */

import type { OpDefinition } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { allReduceWait } from './all_reduce_wait.js';
import { type GroupAttributes, SAME_TYPE } from './support/collective.js';

export const allReduceStartOp: OpDefinition<GroupAttributes> = {
  name: 'all_reduce_start',
  inputs: [{ name: 'x', kind: 'any' }],
  outputs: [{ name: 'in_flight', kind: 'any' }],
  ...SAME_TYPE,
};

/** A sum that is under way. */
export interface PendingSum {
  /** The sum, waited for: as late as its readers allow where it is part of the update. */
  wait(): Value;
}

/** Starts Σ over the processes of `group` of x: float32[K] or int32[K]. It must be waited for, once. */
export function startAllReduce(x: Value, group: string): PendingSum {
  const kind = x.kind === 'gradient' ? 'gradient' : 'activation';
  const inFlight = emit(allReduceStartOp, [x], { group }, { kinds: [kind] });
  return { wait: () => allReduceWait(inFlight, group) };
}
