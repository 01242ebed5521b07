/**
 * The graph: a training or evaluation step as a list of nodes in SSA form. Passes take a graph and return a
 * new one; a graph is never modified in place.
 */
import type { DType, TensorType } from '@inplace-abn/tensor';
import type { AnyOp, Attributes } from './define.js';
import { append } from './lists.js';

/** Number of a value within its graph. */
export type ValueId = number;

/**
 * Memory category of a value. `activation` covers activations and their gradients; `gradient` is parameter
 * gradients; `input` is passed in by the host; `state` lives in the store between steps.
 */
export type ValueKind = 'activation' | 'gradient' | 'input' | 'state';

/** A value of a graph: its type and its memory category. */
export interface ValueInfo<D extends DType = DType> extends TensorType<D> {
  /** Unique in the graph. */
  readonly id: ValueId;
  /** Memory category in the plan's bytes. */
  readonly kind: ValueKind;
}

/** The part of a step that a node belongs to. */
export type Phase = 'forward' | 'backward' | 'update';

/** One op in a graph, with its operands and results. */
export interface GraphNode {
  /** Unique, and unchanged by passes; identifies the node in logs. */
  readonly id: number;
  /** Definition of the op; its name is `op.name`. */
  readonly op: AnyOp;
  /** Attributes, checked against the op's type when the node was emitted. */
  readonly attrs: Attributes;
  /** Operands; null for an optional one that is left out. */
  readonly inputs: readonly (ValueId | null)[];
  /** Results, in the op's order. */
  readonly outputs: readonly ValueId[];
  /** Module path in which the node was traced, such as `mod2.block1.convs.bn1`. */
  readonly path: string;
  /** Part of the step that it was traced in. */
  readonly phase: Phase;
  /** Backward nodes: id of the forward node that they differentiate. */
  readonly origin?: number;
  /**
   * True if the node rebuilds a forward value by inversion or recompute. It is scheduled just before its
   * reader.
   */
  readonly rebuilds?: boolean;
}

/**
 * Role of a state: `parameter` is trained, `buffer` holds statistics, `optimizer` holds an update rule's
 * state.
 */
export type StateKind = 'parameter' | 'buffer' | 'optimizer';

/** A tensor of the store that a graph reads or updates. */
export interface StateInfo {
  /** Its name in the store. */
  readonly name: string;
  /** Its content before the step. */
  readonly value: ValueId;
  /** Decides in which category its bytes count, and whether `stateDict` lists it. */
  readonly kind: StateKind;
}

/** The outputs of a graph by name, with the dtype of each. */
export type OutputTypes = Readonly<Record<string, DType | undefined>>;

/** Key of a property that only the type checker sees. */
declare const OUTPUTS: unique symbol;

/**
 * Carries the names and dtypes of outputs in the type, from {@link trace} through compile to a program's
 * results.
 */
export interface WithOutputs<O extends OutputTypes> {
  /** Exists only for the type checker; no object has it. */
  readonly [OUTPUTS]?: O;
}

/** A step: its nodes in order, its inputs, states and outputs. */
export interface Graph<O extends OutputTypes = OutputTypes> extends WithOutputs<O> {
  /** Type and kind of every value. */
  readonly values: ReadonlyMap<ValueId, ValueInfo>;
  /** Value of each input, by name. */
  readonly inputs: ReadonlyMap<string, ValueId>;
  /** Tensors of the store that the step reads or updates. */
  readonly states: readonly StateInfo[];
  /** Nodes in the order in which they were traced, or scheduled. */
  readonly nodes: readonly GraphNode[];
  /** Value of each output, by name. */
  readonly outputs: ReadonlyMap<string, ValueId>;
  /** Maps a state value to the value that replaces its content after the step. */
  readonly updates: ReadonlyMap<ValueId, ValueId>;
}

/**
 * Type and kind of a value of a graph.
 *
 * @throws RangeError for a number that the graph does not have
 */
export function valueInfo(graph: Graph, id: ValueId): ValueInfo {
  const value = graph.values.get(id);
  if (!value) throw new RangeError(`the graph has no value %${id}`);
  return value;
}

/** Operands of a node, skipping absent ones. */
export function operands(node: GraphNode): ValueId[] {
  return node.inputs.filter((id): id is ValueId => id !== null);
}

/** Types of a node's operands; null for absent ones. */
export function operandTypes(graph: Graph, node: GraphNode): (TensorType | null)[] {
  return node.inputs.map((id) => (id === null ? null : valueInfo(graph, id)));
}

/** True if nothing is trained: every node is in the forward pass and no state changes. */
export function isInference(graph: Graph): boolean {
  return graph.updates.size === 0 && graph.nodes.every(({ phase }) => phase === 'forward');
}

/** Maps each value to the nodes that read it, in node order. */
export function readersOf(nodes: readonly GraphNode[]): Map<ValueId, GraphNode[]> {
  const readers = new Map<ValueId, GraphNode[]>();
  for (const node of nodes) {
    for (const id of new Set(operands(node))) append(readers, id, node);
  }
  return readers;
}

/** Maps each computed value to the node that writes it. */
export function producersOf(nodes: readonly GraphNode[]): Map<ValueId, GraphNode> {
  const producers = new Map<ValueId, GraphNode>();
  for (const node of nodes) for (const id of node.outputs) producers.set(id, node);
  return producers;
}
