/** Finds the convolution or linear layer before each normalization, in the graph of a prediction. */
import { type Graph, type GraphNode, operands, type ValueId } from '@inplace-abn/core';
import { ABN, type AnyModule } from '@inplace-abn/nn';

/** A convolution or linear layer whose only reader is one normalization. */
export interface Filter {
  /** Name of the weight, whose first axis has the norm's channels. */
  readonly weight: string;
  /** Name of the bias; null without one. */
  readonly bias: string | null;
}

/** The input of a normalization. */
export interface NormInput {
  /** Null if the sign of a channel cannot be moved into a filter. */
  readonly filter: Filter | null;
  /** Where the norm reads from, for messages: `the output of add (mod2.block1)`. */
  readonly from: string;
}

/**
 * The input of every ABN layer of `network` in `graph`, by path. A filter counts only if its output has no
 * other reader and its weights no other use, so that a change of sign of its channels affects nothing else.
 *
 * @param graph a prediction of the network, as traced
 */
export function normInputsOf(network: AnyModule, graph: Graph): Map<string, NormInput> {
  const facts = factsOf(graph);
  const inputs = new Map<string, NormInput>();
  for (const [path, module] of network.modules()) {
    if (module instanceof ABN) inputs.set(path, inputOf(path, facts));
  }
  return inputs;
}

interface Facts {
  readonly graph: Graph;
  readonly producers: ReadonlyMap<ValueId, GraphNode>;
  readonly readers: ReadonlyMap<ValueId, readonly GraphNode[]>;
  readonly states: ReadonlyMap<ValueId, string>;
  readonly outputs: ReadonlySet<ValueId>;
}

function factsOf(graph: Graph): Facts {
  const producers = new Map<ValueId, GraphNode>();
  const readers = new Map<ValueId, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const id of node.outputs) producers.set(id, node);
    for (const id of new Set(operands(node))) readers.set(id, [...(readers.get(id) ?? []), node]);
  }
  const states = new Map(graph.states.map(({ name, value }) => [value, name]));
  return { graph, producers, readers, states, outputs: new Set(graph.outputs.values()) };
}

function inputOf(path: string, facts: Facts): NormInput {
  const values = valuesRead(path, facts);
  const [read] = values;
  if (read === undefined) return { filter: null, from: 'nothing: the network does not call it' };
  if (values.length > 1) {
    return { filter: null, from: `${values.length} values: the network calls it that often` };
  }
  const producer = facts.producers.get(read);
  if (!producer) return { filter: null, from: "the network's input" };
  const from = `the output of ${producer.op.name}${producer.path ? ` (${producer.path})` : ''}`;
  if (!producer.op.inputs.some((operand) => operand.makesChannels)) return { filter: null, from };
  const others = (facts.readers.get(read) ?? []).filter((reader) => reader.path !== path);
  if (others.length > 0 || facts.outputs.has(read)) {
    const other = others[0]?.path || others[0]?.op.name || "the network's output";
    return { filter: null, from: `${from}, which ${other} reads as well` };
  }
  const filter = filterOf(producer, facts);
  return { filter, from: filter ? from : `${from}, whose weights are used elsewhere too` };
}

/** Values that a layer reads, other than its own states. */
function valuesRead(path: string, { graph, producers, states }: Facts): ValueId[] {
  const read = graph.nodes.filter((node) => node.path === path).flatMap((node) => operands(node));
  return [...new Set(read)].filter((id) => !states.has(id) && producers.get(id)?.path !== path);
}

function filterOf({ op, inputs }: GraphNode, { states, readers }: Facts): Filter | null {
  const [weight, bias] = inputs.flatMap((id, index) => {
    if (id === null || !op.inputs[index]?.makesChannels) return [];
    return [readers.get(id)?.length === 1 ? (states.get(id) ?? null) : null];
  });
  if (!weight || bias === null) return null;
  return { weight, bias: bias ?? null };
}
