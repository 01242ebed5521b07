/**
 * Another order for inference: what a node reads last is computed first. The last operand of a sum, or of a convolution
 * that ends in one, is the shortcut of a residual block; computed before the block's convolutions, its projection does
 * not have to find room beside what they have made by then, and the block's input goes earlier. Whether that needs less
 * memory depends on the block's widths: compile plans both ways and keeps the better one.
 */
import { type Graph, type GraphNode, producersOf, type ValueId } from '../ir/graph.js';

export function shortcutsFirst(graph: Graph): Graph {
  const producers = producersOf(graph.nodes);
  const placed = new Set<GraphNode>();
  const nodes: GraphNode[] = [];
  const place = (root: GraphNode): void => {
    // A stack of our own: networks are deeper than a call stack likes.
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

/** The producer of the last operand that is not there yet. */
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
