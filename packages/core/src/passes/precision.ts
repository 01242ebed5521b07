/**
 * Gives every data value the compute dtype: activations and their gradients become bfloat16 while weights,
 * statistics, losses and updates stay float32. Which operands are data is each op's own statement.
 */
import type { DType } from '../dtype.js';
import type { Graph, GraphNode, ValueId, ValueInfo } from '../graph/graph.js';
import { operandAt } from '../ops/infer.js';
import { opOf } from '../ops/index.js';

export type ComputeDType = 'float32' | 'bfloat16';

export function precision(graph: Graph, dtype: ComputeDType): Graph {
  if (dtype === 'float32') return graph;
  const data = dataValues(graph.nodes);
  const values = new Map<ValueId, ValueInfo>();
  for (const [id, info] of graph.values) {
    const lowered = data.has(id) && info.dtype === 'float32' && isComputed(info);
    values.set(id, lowered ? { ...info, dtype } : info);
  }
  for (const [name, id] of graph.outputs) {
    if (values.get(id)?.dtype === dtype) throw new Error(`output ${name} would be ${dtype}: cast it to float32`);
  }
  return { ...graph, values, nodes: graph.nodes.map((node) => recast(node, values)) };
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
