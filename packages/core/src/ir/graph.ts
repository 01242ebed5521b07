/**
 * The graph: a training or evaluation step as a list of nodes in single-assignment form.
 * Passes take a graph and return a new one; nothing in a graph is changed in place.
 */
import type { TensorType } from '@inplace-abn/tensor';
import type { AnyOp, Attributes } from './define.js';

export type ValueId = number;

/**
 * What memory a value counts as. `activation` covers activations with their gradients; `gradient` those of
 * parameters; `input` what the host hands in; `state` what lives in the store between steps.
 */
export type ValueKind = 'activation' | 'gradient' | 'input' | 'state';

export interface ValueInfo extends TensorType {
  readonly id: ValueId;
  readonly kind: ValueKind;
}

export type Phase = 'forward' | 'backward' | 'update';

export interface GraphNode {
  /** Unique and stable over passes; names the node in logs. */
  readonly id: number;
  readonly op: AnyOp;
  readonly attrs: Attributes;
  readonly inputs: readonly (ValueId | null)[];
  readonly outputs: readonly ValueId[];
  /** Module path the node was traced in, such as `mod2.block1.convs.bn1`. */
  readonly path: string;
  readonly phase: Phase;
  /** Backward nodes: id of the forward node whose gradient they compute. */
  readonly origin?: number;
  /** The node rebuilds a forward value by inversion or recomputation: it is placed just before its reader. */
  readonly rebuilds?: boolean;
}

export type StateKind = 'parameter' | 'buffer' | 'optimizer';

export interface StateInfo {
  readonly name: string;
  readonly value: ValueId;
  readonly kind: StateKind;
}

export interface Graph {
  readonly values: ReadonlyMap<ValueId, ValueInfo>;
  readonly inputs: ReadonlyMap<string, ValueId>;
  readonly states: readonly StateInfo[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: ReadonlyMap<string, ValueId>;
  /** State value → the value that is its content after the step. */
  readonly updates: ReadonlyMap<ValueId, ValueId>;
}

export function valueInfo(graph: Graph, id: ValueId): ValueInfo {
  const value = graph.values.get(id);
  if (!value) throw new RangeError(`the graph has no value %${id}`);
  return value;
}

/** Operands that are present. */
export function operands(node: GraphNode): ValueId[] {
  return node.inputs.filter((id): id is ValueId => id !== null);
}

/** Types of a node's operands; null for those that are absent. */
export function operandTypes(graph: Graph, node: GraphNode): (TensorType | null)[] {
  return node.inputs.map((id) => (id === null ? null : valueInfo(graph, id)));
}

/** Whether nothing is trained: all nodes are of the forward pass and no state changes. */
export function isInference(graph: Graph): boolean {
  return graph.updates.size === 0 && graph.nodes.every(({ phase }) => phase === 'forward');
}

/** For every value the nodes that read it, in node order. */
export function readersOf(nodes: readonly GraphNode[]): Map<ValueId, GraphNode[]> {
  const readers = new Map<ValueId, GraphNode[]>();
  for (const node of nodes) {
    for (const id of new Set(operands(node))) {
      const list = readers.get(id);
      if (list) list.push(node);
      else readers.set(id, [node]);
    }
  }
  return readers;
}

/** For every computed value the node that writes it. */
export function producersOf(nodes: readonly GraphNode[]): Map<ValueId, GraphNode> {
  const producers = new Map<ValueId, GraphNode>();
  for (const node of nodes) for (const id of node.outputs) producers.set(id, node);
  return producers;
}
