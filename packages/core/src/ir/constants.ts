/** What a graph computes from its states alone. */
import { type Graph, type GraphNode, operands, type ValueId } from './graph.js';

/**
 * Values that stay the same from run to run while nobody writes to the store: the states of a graph that updates
 * none, and what follows from them alone. Empty for a graph with updates: there they change at every run.
 */
export function constantsOf(graph: Graph): Set<ValueId> {
  const constants = new Set<ValueId>();
  if (graph.updates.size > 0) return constants;
  for (const { value } of graph.states) constants.add(value);
  for (const node of graph.nodes) {
    // A guard has to speak at every run, and what other processes have may change without this one's states.
    const { guard, collective } = node.op.effects;
    const fixed = !guard && !collective && !node.rebuilds;
    const once = fixed && operands(node).every((id) => constants.has(id));
    if (once) for (const id of node.outputs) constants.add(id);
  }
  return constants;
}

/** Whether the node may run once for many runs. */
export function isConstant(node: GraphNode, constants: ReadonlySet<ValueId>): boolean {
  return node.outputs.length > 0 && node.outputs.every((id) => constants.has(id));
}
