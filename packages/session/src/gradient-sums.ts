import type { Tracer, Value } from '@inplace-abn/core';
import { accumulation } from '@inplace-abn/optim';

/** The part of a batch that a step trains, and how its gradients are summed. */
export interface StepPart {
  /**
   * null: the step has the whole batch. `sum`: adds the gradients of a part to those of the parts before it;
   * `update`: also updates the parameters by the sum.
   */
  readonly part: 'sum' | 'update' | null;
  /**
   * Whether the group's members are shards. With shards, each part's gradients are summed over all shards
   * first, so the bits do not depend on which process holds which shard.
   */
  readonly sharded: boolean;
}

/**
 * How a step sums gradients, by parameter, over the parts of a batch and by `reduce` over a group. Inputs of
 * a step of a part: keep, factor (see `accumulation`).
 */
export function gradientSums(
  tracer: Tracer,
  { part, sharded }: StepPart,
  reduce: (gradients: readonly Value[]) => readonly Value[],
): (own: ReadonlyMap<string, Value>) => readonly Value[] {
  const add = part ? accumulation(tracer) : (own: ReadonlyMap<string, Value>) => [...own.values()];
  return (own) => {
    if (!sharded) return part === 'sum' ? add(own) : reduce(add(own));
    const sums = reduce([...own.values()]);
    return add(new Map([...own].map(([name, gradient], index) => [name, sums[index] ?? gradient])));
  };
}
