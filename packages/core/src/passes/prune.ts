/** Removes dead nodes: no output, state update or effect depends on them. */
import { type Graph, operands, type ValueId } from '../ir/graph.js';

/** Removes nodes that no output, state update or guard depends on. */
export function prune(graph: Graph): Graph {
  const needed = new Set<ValueId>([...graph.outputs.values(), ...graph.updates.values()]);
  const kept = [...graph.nodes].reverse().filter((node) => {
    const wanted = node.op.effects.guard || node.outputs.some((id) => needed.has(id));
    if (wanted) for (const id of operands(node)) needed.add(id);
    return wanted;
  });
  return { ...graph, nodes: kept.reverse() };
}
