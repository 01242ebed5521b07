/** The divisor of the mean loss of a training step that has only a part of its batch. */

import type { GroupShape } from '@inplace-abn/comm';
import { type PendingSum, startAllReduce, type Tracer, type Value } from '@inplace-abn/core';
import type { Objective } from '../task/task.js';
import type { GroupInputs } from './group-sums.js';

export interface Counts {
  /** Count of labels in all processes; undefined for a process alone. */
  readonly labeled?: Value;
  /** Divisor of the objective; undefined if the step has the whole batch. */
  readonly count?: Value;
  /** Divisor of terms without class weights; undefined if `count` is. */
  readonly plain?: Value;
}

/**
 * Inputs: `labeled`, the count of this process in a group, or of all parts of a divided batch; and `weight`,
 * the sum of class weights of the same labels, if the objective has it. Sums over processes overlap the
 * forward pass.
 */
export function countsOf(
  tracer: Tracer,
  objective: Objective,
  shared: (GroupInputs & { readonly group: GroupShape }) | null,
  divided: boolean,
): { wait(): Counts } {
  const input = (name: string) => tracer.input(name, [1], 'float32');
  const weight = objective.weight && (shared || divided) ? input('weight') : undefined;
  if (!shared) {
    const labeled = divided ? input('labeled') : undefined;
    return { wait: () => ({ count: weight ?? labeled, plain: labeled }) };
  }
  const sum = (value: Value): PendingSum =>
    tracer.within('labeled', () => startAllReduce(value, shared.group.name));
  const waited = (pending: PendingSum): Value => tracer.within('labeled', () => pending.wait());
  const pending = sum(shared.labeled);
  const weighed = weight && sum(weight);
  return {
    wait() {
      const labeled = waited(pending);
      return { labeled, count: weighed ? waited(weighed) : labeled, plain: labeled };
    },
  };
}
