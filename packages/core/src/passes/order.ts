/**
 * Fixes the order in which nodes run. Nodes that depend only on states come first, since they need not run
 * every time. Values are rebuilt just before their first reader. States are updated once all other readers
 * are done and all guards have passed, so that gradients die early. Updates that wait for other processes
 * come last, each followed by its dependents, so that communication overlaps the backward pass.
 */
import { constantsOf, isConstant } from '../ir/constants.js';
import { type Graph, type GraphNode, operands, producersOf, readersOf, type ValueId } from '../ir/graph.js';
import { append } from '../ir/lists.js';

export function order(graph: Graph): Graph {
  const predecessors = predecessorsOf(graph);
  const placed = new Set<GraphNode>();
  const nodes: GraphNode[] = [];
  const updates = graph.nodes.filter((node) => node.phase === 'update');
  const waiting = new Waiting(updates, predecessors);
  const place = (node: GraphNode): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const before of predecessors.get(node) ?? []) place(before);
    nodes.push(node);
    waiting.done(node);
  };
  const placeReady = (): void => {
    // An update may make the next one ready: a packed bucket is sent at once.
    for (let ready = waiting.takeReady(); ready.length > 0; ready = waiting.takeReady()) {
      for (const update of ready) place(update);
    }
  };
  const constants = constantsOf(graph);
  for (const node of graph.nodes) if (isConstant(node, constants)) place(node);
  for (const node of graph.nodes) {
    if (node.rebuilds || node.phase === 'update') continue;
    place(node);
    placeReady();
  }
  for (const update of updates) {
    place(update);
    placeReady();
  }
  return { ...graph, nodes };
}

/** Updates with the number of predecessors that have not run yet. */
class Waiting {
  private readonly missing = new Map<GraphNode, number>();
  private readonly followers = new Map<GraphNode, GraphNode[]>();
  private readonly rank = new Map<GraphNode, number>();
  private ready: GraphNode[] = [];

  constructor(updates: readonly GraphNode[], predecessors: ReadonlyMap<GraphNode, readonly GraphNode[]>) {
    updates.forEach((update, index) => {
      const before = predecessors.get(update) ?? [];
      // Late nodes are never ready: they are placed at the end, or where a reader needs them.
      this.missing.set(update, before.length + (update.op.effects.late ? 1 : 0));
      this.rank.set(update, index);
      if (before.length === 0 && !update.op.effects.late) this.ready.push(update);
      for (const node of before) append(this.followers, node, update);
    });
  }

  done(node: GraphNode): void {
    for (const update of this.followers.get(node) ?? []) {
      const missing = (this.missing.get(update) ?? 0) - 1;
      this.missing.set(update, missing);
      if (missing === 0) this.ready.push(update);
    }
  }

  /** Updates that became ready since the last call, in order. */
  takeReady(): GraphNode[] {
    const ready = this.ready.sort((a, b) => (this.rank.get(a) ?? 0) - (this.rank.get(b) ?? 0));
    this.ready = [];
    return ready;
  }
}

/**
 * Nodes that must run before each node: its producers, the readers of what it overwrites, and the guards of
 * what it updates.
 */
function predecessorsOf(graph: Graph): Map<GraphNode, GraphNode[]> {
  const producers = producersOf(graph.nodes);
  const readers = readersOf(graph.nodes);
  const guards = graph.nodes.filter((node) => node.op.effects.guard);
  // A guard of the update, such as that of the clipped norm, waits for the producers of its value, not
  // vice versa.
  const guarded = ancestors(guards, producers);
  const result = new Map<GraphNode, GraphNode[]>();
  for (const node of graph.nodes) {
    const before = new Set<GraphNode>();
    for (const id of operands(node)) {
      const producer = producers.get(id);
      if (producer) before.add(producer);
    }
    for (const overwrite of node.op.overwrites) {
      const target = node.inputs[overwrite.input];
      if (!overwrite.required || target === null || target === undefined) continue;
      for (const reader of readers.get(target) ?? []) before.add(reader);
    }
    const changesState = node.op.overwrites.some(({ required }) => required);
    if (node.phase === 'update' && changesState && !guarded.has(node)) {
      for (const guard of guards) before.add(guard);
    }
    before.delete(node);
    result.set(node, [...before]);
  }
  return result;
}

/** `nodes` and all their ancestors. */
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
