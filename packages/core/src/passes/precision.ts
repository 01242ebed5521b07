/**
 * Gives every data value the compute dtype: activations and their gradients become bfloat16 while weights,
 * statistics, losses and updates stay float32. Which operands are data is each op's own statement.
 */
import type { DType } from '../dtype.js';
import type { Graph, GraphNode, ValueId, ValueInfo } from '../graph/graph.js';
import { cast } from '../ops/cast.js';
import { opOf } from '../ops/index.js';
import { operandAt } from '../ops/infer.js';
import { Tracer } from '../trace/tracer.js';

export type ComputeDType = 'float32' | 'bfloat16';

export function precision(graph: Graph, dtype: ComputeDType): Graph {
  if (dtype === 'float32') return graph;
  const data = dataValues(graph.nodes);
  const values = new Map<ValueId, ValueInfo>();
  for (const [id, info] of graph.values) {
    const lowered = data.has(id) && info.dtype === 'float32' && isComputed(info);
    values.set(id, lowered ? { ...info, dtype } : info);
  }
  const lowered = { ...graph, values, nodes: graph.nodes.map((node) => recast(node, values)) };
  return withFloatOutputs(graph, lowered);
}

/** What the host fetches keeps the dtype it was traced with: a cast follows where the value was lowered. */
function withFloatOutputs(traced: Graph, lowered: Graph): Graph {
  const tracer = Tracer.of(lowered);
  for (const [name, id] of lowered.outputs) {
    const fetched = traced.values.get(id)?.dtype;
    if (fetched === 'float32') tracer.output(name, cast(tracer.value(id), fetched));
  }
  return tracer.finish();
}

function isComputed(info: ValueInfo): boolean {
  return info.kind === 'activation' || info.kind === 'gradient';
}

/** Values that some op takes or gives as data. */
function dataValues(nodes: readonly GraphNode[]): Set<ValueId> {
  const data = new Set<ValueId>();
  for (const node of nodes) {
    const { inputs, outputs } = opOf(node.op);
    node.inputs.forEach((id, index) => {
      if (id !== null && operandAt(inputs, index)?.kind === 'data') data.add(id);
    });
    node.outputs.forEach((id, index) => {
      if (operandAt(outputs, index)?.kind === 'data') data.add(id);
    });
  }
  return data;
}

/** Ops that name their output's dtype (cast, the first op on the image) follow the value. */
function recast(node: GraphNode, values: ReadonlyMap<ValueId, ValueInfo>): GraphNode {
  const output = node.outputs[0];
  const dtype: DType | undefined = output === undefined ? undefined : values.get(output)?.dtype;
  if (!('dtype' in node.attrs) || !dtype) return node;
  return { ...node, attrs: { ...node.attrs, dtype } };
}
