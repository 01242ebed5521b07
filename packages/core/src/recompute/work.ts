/** How much work a node is, for choices between nodes: bytes moved, or operations as so many bytes. */
import type { Graph, GraphNode } from '../ir/graph.js';
import { costOf } from '../ir/infer.js';

/** `balance`: operations that the device does while it moves a byte. */
export function workOf(graph: Graph, node: GraphNode, balance: number): number {
  const { flops, bytes } = costOf(graph, node);
  return Math.max(flops / balance, bytes);
}
