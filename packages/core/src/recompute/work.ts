/** The work of a node, for comparing nodes: bytes moved, or operations converted to bytes. */
import type { Graph, GraphNode } from '../ir/graph.js';
import { costOf } from '../ir/infer.js';

/** `balance`: operations the device performs per byte moved. */
export function workOf(graph: Graph, node: GraphNode, balance: number): number {
  const { flops, bytes } = costOf(graph, node);
  return Math.max(flops / balance, bytes);
}
