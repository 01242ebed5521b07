/** Values other than gradients that a training step sums over processes. */
import type { GroupShape } from '@inplace-abn/comm';
import { guardFinite, pack, startAllReduce, type Tracer, unpack, type Value } from '@inplace-abn/core';
import type { StepValues } from '../task/task.js';

/** Flags that a process shares with the others in a step, int32[1] each. */
export interface GroupNews {
  /** Whether it wants to stop. */
  readonly halt: Value;
  /** Unreadable images that the others do not know yet. */
  readonly unreadable: Value;
}

export interface GroupInputs {
  /** float32[1]: labels of this process's batch that count. */
  readonly labeled: Value;
  readonly news: GroupNews;
}

export function groupInputs(tracer: Tracer): GroupInputs {
  return {
    labeled: tracer.input('labeled', [1], 'float32'),
    news: {
      halt: tracer.input('halt', [1], 'int32'),
      unreadable: tracer.input('unreadable', [1], 'int32'),
    },
  };
}

/**
 * The outputs of a step over all processes: the loss (mean over what is labeled), the counts of the
 * objective, and the news. Their exchange overlaps the backward pass. `what` names the loss in the error if
 * it is not finite.
 */
export function sumOutputs(
  tracer: Tracer,
  { loss, ...counts }: StepValues,
  news: GroupNews,
  group: GroupShape,
  what: string,
): StepValues {
  return tracer.during('update', null, () => {
    const entries: [string, Value][] = Object.entries({ ...counts, ...news });
    // A message holds values of one type.
    const whole = entries.filter(([, { dtype }]) => dtype === 'int32');
    const others = entries.filter(([, { dtype }]) => dtype !== 'int32');
    const packed = (values: readonly Value[]) => startAllReduce(pack(values), group.name);
    const pendingLoss = packed([loss, ...others.map(([, value]) => value)]);
    const pendingCounts = packed(whole.map(([, value]) => value));
    const shapesOf = (those: typeof entries) => those.map(([, value]) => value.shape);
    const [mean = loss, ...fractions] = unpack(pendingLoss.wait(), [loss.shape, ...shapesOf(others)]);
    guardFinite(mean, what);
    const sums = unpack(pendingCounts.wait(), shapesOf(whole));
    const named = (those: typeof entries, values: readonly Value[]) =>
      those.map(([name], i): [string, Value] => [name, values[i] ?? news.halt]);
    return { ...Object.fromEntries([...named(whole, sums), ...named(others, fractions)]), loss: mean };
  });
}
