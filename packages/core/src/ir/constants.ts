/** Values that a graph computes only from its states. */
import { type Graph, type GraphNode, operands, type ValueId } from './graph.js';

/**
 * Values that are the same in every run until the store is written: the states of a graph without updates,
 * and everything computed only from them. Empty for a graph with updates, where states change in
 * every run.
 */
export function constantsOf(graph: Graph): Set<ValueId> {
  const constants = new Set<ValueId>();
  if (graph.updates.size > 0) return constants;
  for (const { value } of graph.states) constants.add(value);
  for (const node of graph.nodes) {
    // A guard must run every time, and a collective's result may change without this process's states
    // changing.
    const { guard, collective } = node.op.effects;
    const fixed = !guard && !collective && !node.rebuilds;
    const once = fixed && operands(node).every((id) => constants.has(id));
    if (once) for (const id of node.outputs) constants.add(id);
  }
  return constants;
}

/** True if the node's results can be reused across runs. */
export function isConstant(node: GraphNode, constants: ReadonlySet<ValueId>): boolean {
  return node.outputs.length > 0 && node.outputs.every((id) => constants.has(id));
}
