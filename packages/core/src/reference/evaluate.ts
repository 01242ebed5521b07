/**
 * Runs a graph node by node on the reference kernels, in float64 and without sharing memory. This defines the
 * semantics of a graph. (After the single-file backends of jax-js.)
 */

import { elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import type { Attributes, ReferenceContext, ReferenceTensor } from '../ir/define.js';
import { type Graph, type GraphNode, type ValueId, valueInfo } from '../ir/graph.js';

/** Elements in storage order: channels-last for data, row-major for parameters. */
export type ReferenceArrays = ReadonlyMap<string, Float64Array>;

export interface Evaluation {
  readonly outputs: Map<string, Float64Array>;
  /** Contents of all states after the step. */
  readonly states: Map<string, Float64Array>;
  /** Every value of the graph. */
  readonly values: ReadonlyMap<ValueId, ReferenceTensor>;
}

/**
 * Evaluates `graph`. Every input and state must be given; none is modified.
 *
 * @throws UsageError for an input or state that is missing or has another number of elements
 * @throws NotFiniteError if a guard fails
 */
export function evaluateGraph(graph: Graph, inputs: ReferenceArrays, states: ReferenceArrays): Evaluation {
  const values = new Map<ValueId, ReferenceTensor>();
  for (const [name, id] of graph.inputs)
    values.set(id, given(valueInfo(graph, id), inputs.get(name), `input ${name}`));
  for (const { name, value } of graph.states) {
    values.set(value, given(valueInfo(graph, value), states.get(name), `state ${name}`));
  }
  for (const node of graph.nodes) evaluateNode(graph, node, values);
  return {
    outputs: new Map([...graph.outputs].map(([name, id]) => [name, computed(values, id).data])),
    states: new Map(
      graph.states.map(({ name, value }) => [name, computed(values, graph.updates.get(value) ?? value).data]),
    ),
    values,
  };
}

function given(type: TensorType, data: Float64Array | undefined, what: string): ReferenceTensor {
  if (data?.length !== elements(type.shape)) {
    throw new UsageError(
      `expected ${formatType(type)} for ${what} but received ${data?.length ?? 'no'} elements`,
    );
  }
  return { shape: type.shape, dtype: type.dtype, data };
}

function computed(values: ReadonlyMap<ValueId, ReferenceTensor>, id: ValueId): ReferenceTensor {
  const tensor = values.get(id);
  if (!tensor) throw new RangeError(`%${id} is read before it is written`);
  return tensor;
}

function evaluateNode(graph: Graph, node: GraphNode, values: Map<ValueId, ReferenceTensor>): void {
  const inputs = node.inputs.map((id) => (id === null ? null : computed(values, id)));
  const outputs = node.outputs.map((id): ReferenceTensor => {
    const { shape, dtype } = valueInfo(graph, id);
    return { shape, dtype, data: new Float64Array(elements(shape)) };
  });
  node.op.reference(referenceContext(node.attrs, inputs, outputs));
  node.outputs.forEach((id, index) => {
    const tensor = outputs[index];
    if (tensor) values.set(id, tensor);
  });
}

/**
 * The arguments of an op's reference kernel.
 *
 * @throws RangeError from its `input` and `output` for an operand that is left out
 */
export function referenceContext(
  attrs: Attributes,
  inputs: readonly (ReferenceTensor | null)[],
  outputs: readonly ReferenceTensor[],
): ReferenceContext<Attributes> {
  const present = (list: readonly (ReferenceTensor | null)[], index: number): ReferenceTensor => {
    const tensor = list[index];
    if (!tensor) throw new RangeError(`operand ${index} is missing`);
    return tensor;
  };
  return {
    attrs,
    inputs,
    outputs,
    input: (index) => present(inputs, index),
    output: (index) => present(outputs, index),
  };
}
