/** What a training step sums over processes beside its gradients. */
import type { GroupShape } from '@inplace-abn/comm';
import { guardFinite, pack, startAllReduce, type Tracer, unpack, type Value } from '@inplace-abn/core';
import type { StepValues } from '../task/task.js';

/** Inputs: `labelled`, float32[1], what counts of this process's batch; `halt`, int32[1], whether it wants to stop. */
export interface GroupInputs {
  readonly labelled: Value;
  readonly halt: Value;
}

export function groupInputs(tracer: Tracer): GroupInputs {
  return {
    labelled: tracer.input('labelled', [1], 'float32'),
    halt: tracer.input('halt', [1], 'int32'),
  };
}

/**
 * The outputs of a step over all processes: the loss (mean over what is labelled), the counts of the objective, and
 * `halt`. They travel while the backward pass runs; `what` names the loss where it is not finite.
 */
export function sumOutputs(
  tracer: Tracer,
  { loss, ...counts }: StepValues,
  halt: Value,
  group: GroupShape,
  what: string,
): StepValues {
  return tracer.during('update', null, () => {
    const entries = [...Object.entries(counts), ['halt', halt] as const];
    const pendingLoss = startAllReduce(pack([loss]), group.name);
    const pendingCounts = startAllReduce(pack(entries.map(([, value]) => value)), group.name);
    const [mean = loss] = unpack(pendingLoss.wait(), [loss.shape]);
    guardFinite(mean, what);
    const shapes = entries.map(([, value]) => value.shape);
    const sums = unpack(pendingCounts.wait(), shapes);
    return { ...Object.fromEntries(entries.map(([name], i) => [name, sums[i] ?? halt])), loss: mean };
  });
}
