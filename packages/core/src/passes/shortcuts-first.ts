/**
 * Alternative order for inference: computes the last operand of each node first. That operand of a sum, or of
 * a convolution fused with one, is the shortcut of a residual block. Computing its projection before the
 * block's convolutions avoids overlap with their results, and lets the block's input die earlier. Whether
 * this saves memory depends on the block's widths, so compile plans both orders and keeps the better one.
 */
import { type Graph, type GraphNode, producersOf, type ValueId } from '../ir/graph.js';

export function shortcutsFirst(graph: Graph): Graph {
  const producers = producersOf(graph.nodes);
  const placed = new Set<GraphNode>();
  const nodes: GraphNode[] = [];
  const place = (root: GraphNode): void => {
    // An explicit stack: deep networks would overflow the call stack.
    const open = [root];
    for (let node = open.at(-1); node; node = open.at(-1)) {
      const before = placed.has(node) ? undefined : missingOperand(node, producers, placed);
      if (before) {
        open.push(before);
        continue;
      }
      open.pop();
      if (placed.has(node)) continue;
      placed.add(node);
      nodes.push(node);
    }
  };
  for (const id of graph.outputs.values()) {
    const producer = producers.get(id);
    if (producer) place(producer);
  }
  for (const node of graph.nodes) place(node);
  return { ...graph, nodes };
}

/** The producer of the last operand that has not been computed yet. */
function missingOperand(
  node: GraphNode,
  producers: ReadonlyMap<ValueId, GraphNode>,
  placed: ReadonlySet<GraphNode>,
): GraphNode | undefined {
  for (const id of node.inputs.toReversed()) {
    const producer = id === null ? undefined : producers.get(id);
    if (producer && !placed.has(producer)) return producer;
  }
  return undefined;
}
