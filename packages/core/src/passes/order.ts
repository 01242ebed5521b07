/**
 * Fixes the order in which nodes run. What depends on states alone comes first (it need not run every time). Values are rebuilt just before their first reader; states are updated as
 * soon as every other reader is done and every guard has passed, so that gradients die early.
 */
import { constantsOf, isConstant } from '../graph/constants.js';
import {
  type Graph,
  type GraphNode,
  operands,
  producersOf,
  readersOf,
  type ValueId,
} from '../graph/graph.js';
import { opOf } from '../ops/index.js';

export function order(graph: Graph): Graph {
  const predecessors = predecessorsOf(graph);
  const placed = new Set<GraphNode>();
  const nodes: GraphNode[] = [];
  const place = (node: GraphNode): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const before of predecessors.get(node) ?? []) place(before);
    nodes.push(node);
  };
  const constants = constantsOf(graph);
  for (const node of graph.nodes) if (isConstant(node, constants)) place(node);
  let waiting = graph.nodes.filter((node) => node.phase === 'update');
  for (const node of graph.nodes) {
    if (node.rebuilds || node.phase === 'update') continue;
    place(node);
    const ready = waiting.filter((update) =>
      (predecessors.get(update) ?? []).every((before) => placed.has(before)),
    );
    for (const update of ready) place(update);
    if (ready.length > 0) waiting = waiting.filter((update) => !placed.has(update));
  }
  for (const update of waiting) place(update);
  return { ...graph, nodes };
}

/** Nodes that must run before each node: producers, readers of what it overwrites, guards of what it updates. */
function predecessorsOf(graph: Graph): Map<GraphNode, GraphNode[]> {
  const producers = producersOf(graph.nodes);
  const readers = readersOf(graph.nodes);
  const guards = graph.nodes.filter((node) => opOf(node.op).effect);
  // A guard of the update, such as that of the clipped norm, waits for what computes its value: not the reverse.
  const guarded = ancestors(guards, producers);
  const result = new Map<GraphNode, GraphNode[]>();
  for (const node of graph.nodes) {
    const before = new Set<GraphNode>();
    for (const id of operands(node)) {
      const producer = producers.get(id);
      if (producer) before.add(producer);
    }
    for (const overwrite of opOf(node.op).overwrites) {
      const target = node.inputs[overwrite.input];
      if (!overwrite.required || target === null || target === undefined) continue;
      for (const reader of readers.get(target) ?? []) before.add(reader);
    }
    if (node.phase === 'update' && !guarded.has(node)) for (const guard of guards) before.add(guard);
    before.delete(node);
    result.set(node, [...before]);
  }
  return result;
}

/** `nodes` and all that their operands are computed by. */
function ancestors(nodes: readonly GraphNode[], producers: ReadonlyMap<ValueId, GraphNode>): Set<GraphNode> {
  const found = new Set(nodes);
  for (const node of found) {
    for (const id of operands(node)) {
      const producer = producers.get(id);
      if (producer) found.add(producer);
    }
  }
  return found;
}
