/**
 * Finds where the next step has to wait for a sum: before the first instruction that reads a parameter that
 * the sum updates.
 */
import { operands, type Plan, type ValueId } from '@inplace-abn/core';

/**
 * For each sum of `updating`, by the value in flight: the event of `reading` before which it must have ended
 * if its updates are made as late as possible. Sums that the step itself reads, such as the loss, have none.
 */
export function firstReaders(reading: Plan, updating: Plan): Map<ValueId, number> {
  const sums = sumsBehind(updating);
  const needed = new Map<ValueId, number>();
  const { graph } = updating;
  const nameOf = new Map(graph.states.map(({ name, value }) => [value, name]));
  const readAt = firstReads(reading);
  for (const [state, updated] of graph.updates) {
    const at = readAt.get(nameOf.get(state) ?? '');
    for (const sum of sums.get(updated) ?? []) {
      if (at !== undefined) needed.set(sum, Math.min(at, needed.get(sum) ?? Number.POSITIVE_INFINITY));
    }
  }
  for (const id of graph.outputs.values()) for (const sum of sums.get(id) ?? []) needed.delete(sum);
  return needed;
}

/** Value → the sums in flight that it depends on. */
function sumsBehind({ instructions }: Plan): Map<ValueId, ReadonlySet<ValueId>> {
  const behind = new Map<ValueId, ReadonlySet<ValueId>>();
  for (const { node } of instructions) {
    const from = operands(node);
    const sums = new Set(from.flatMap((id) => [...(behind.get(id) ?? [])]));
    if (node.op.name === 'all_reduce_wait') for (const id of from) sums.add(id);
    if (sums.size > 0) for (const id of node.outputs) behind.set(id, sums);
  }
  return behind;
}

/** State → the event that reads it first. Each instruction is an event; a collective is a second one. */
function firstReads({ instructions, graph }: Plan): Map<string, number> {
  const nameOf = new Map(graph.states.map(({ name, value }) => [value, name]));
  const found = new Map<string, number>();
  let event = 0;
  for (const { node, part } of instructions) {
    for (const id of operands(node)) {
      const name = nameOf.get(id);
      if (name !== undefined && !found.has(name)) found.set(name, event);
    }
    event += node.op.effects.collective && part === 'run' ? 2 : 1;
  }
  return found;
}
