import { type GraphNode, producersOf } from '../ir/graph.js';

/** Moves each rebuilding node to just before its first reader, preserving SSA order; drops unread ones. */
export function hoist(nodes: readonly GraphNode[]): GraphNode[] {
  const producers = producersOf(nodes);
  const placed = new Set<GraphNode>();
  const result: GraphNode[] = [];
  const place = (node: GraphNode): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const id of node.inputs) {
      const producer = id === null ? undefined : producers.get(id);
      if (producer?.rebuilds) place(producer);
    }
    result.push(node);
  };
  for (const node of nodes) if (!node.rebuilds) place(node);
  return result;
}
