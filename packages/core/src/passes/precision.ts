/**
 * Gives every data value the compute dtype: activations and their gradients become bfloat16 or float16, while
 * weights, statistics, losses and updates stay float32. Each op declares which operands are data. Values
 * traced as float32 (losses, parameter gradients) stay float32 through ops on data, such as their sums; casts
 * are inserted where the two meet.
 */
import { type DataDType, type DType, isDataDType } from '@inplace-abn/tensor';
import type { Operand } from '../ir/define.js';
import { type Graph, type GraphNode, type ValueId, type ValueInfo, valueInfo } from '../ir/graph.js';
import { operandAt } from '../ir/infer.js';
import { Tracer } from '../ir/tracer.js';
import { cast } from '../ops/cast.js';

/** Element type of activations and their gradients. */
export type ComputeDType = DataDType;

export function precision(graph: Graph, dtype: ComputeDType): Graph {
  if (dtype === 'float32') return graph;
  const lower = lowered(graph);
  const values = new Map<ValueId, ValueInfo>();
  for (const [id, info] of graph.values) {
    values.set(id, lower.values.has(id) ? { ...info, dtype } : info);
  }
  const nodes = graph.nodes.map((node) => recast(node, values));
  return withFloatOutputs(graph, withCasts({ ...graph, values, nodes }, dtype, lower.nodes));
}

/** Ids of the nodes that compute in the lower precision, and their outputs. */
function lowered(graph: Graph): { values: Set<ValueId>; nodes: Set<number> } {
  const values = new Set<ValueId>();
  const nodes = new Set<number>();
  for (const node of graph.nodes) {
    const { inputs, outputs } = node.op;
    const data = dataOf(inputs, node.inputs);
    const kinds = data.map((id) => valueInfo(graph, id).kind);
    // Values computed only from parameters keep the parameters' precision.
    const parameters = data.length > 0 && kinds.every((kind) => kind === 'state');
    const given = !parameters && kinds.every((kind) => kind === 'input' || kind === 'state');
    // Keep explicit casts as traced.
    if (data.length > 0 && 'dtype' in node.attrs) continue;
    if (!given && !data.some((id) => values.has(id))) continue;
    nodes.add(node.id);
    for (const id of dataOf(outputs, node.outputs)) values.add(id);
  }
  return { values, nodes };
}

function dataOf(operands: readonly Operand[], ids: readonly (ValueId | null)[]): ValueId[] {
  return ids.filter((id, index): id is ValueId => id !== null && operandAt(operands, index)?.kind === 'data');
}

/** Casts operands that do not have the dtype their node expects, once per value, before its first reader. */
function withCasts(graph: Graph, dtype: ComputeDType, computing: ReadonlySet<number>): Graph {
  const tracer = Tracer.of(graph);
  const converted = new Map<string, ValueId>();
  const nodes: GraphNode[] = [];
  const convert = (id: ValueId, to: ComputeDType, reader: GraphNode): ValueId => {
    const key = `${id} ${to}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    const source = tracer.value(id);
    const value = tracer.during(reader.phase, reader, () => tracer.retag(cast(source, to), castKind(source)));
    nodes.push(...tracer.traced.slice(-1));
    converted.set(key, value.id);
    return value.id;
  };
  for (const node of graph.nodes) {
    const { inputs } = node.op;
    const taken = node.inputs.map((id, index) => {
      const wanted = wantedDType(operandAt(inputs, index), computing.has(node.id), dtype);
      const floats = id !== null && isDataDType(valueInfo(graph, id).dtype);
      if (!floats || !wanted || valueInfo(graph, id).dtype === wanted) return id;
      return convert(id, wanted, node);
    });
    nodes.push({ ...node, inputs: taken });
  }
  return { ...tracer.finish(), nodes };
}

/** The float dtype that a node expects for an operand; null if it accepts any. */
function wantedDType(
  operand: Operand | undefined,
  computes: boolean,
  dtype: ComputeDType,
): ComputeDType | null {
  if (operand?.kind === 'data') return computes ? dtype : null;
  return operand?.kind === 'float32' ? 'float32' : null;
}

/** The cast of a parameter's gradient is a gradient too; the cast of an input or state is an activation. */
function castKind({ kind }: Pick<ValueInfo, 'kind'>): ValueInfo['kind'] {
  return kind === 'gradient' ? kind : 'activation';
}

/** Casts fetched values back to the dtype they were traced with, if they were lowered. */
function withFloatOutputs(traced: Graph, lowered: Graph): Graph {
  const tracer = Tracer.of(lowered);
  for (const [name, id] of lowered.outputs) {
    const fetched = traced.values.get(id)?.dtype;
    if (fetched === 'float32') tracer.output(name, cast(tracer.value(id), fetched));
  }
  return tracer.finish();
}

/** Updates the `dtype` attribute of ops that have one (such as cast) to match the new value. */
function recast(node: GraphNode, values: ReadonlyMap<ValueId, ValueInfo>): GraphNode {
  const output = node.outputs[0];
  const dtype: DType | undefined = output === undefined ? undefined : values.get(output)?.dtype;
  if (!('dtype' in node.attrs) || !dtype) return node;
  return { ...node, attrs: { ...node.attrs, dtype } };
}
