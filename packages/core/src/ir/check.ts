/** Type-checks a graph after every pass, so that a broken pass fails here instead of giving wrong numbers. */

import { byteLength, formatType, sameShape } from '@inplace-abn/tensor';
import { type Graph, type GraphNode, operands, operandTypes, type ValueId, valueInfo } from './graph.js';
import { inferTypes } from './infer.js';

/**
 * Returns the graph unchanged.
 *
 * @param pass name of the pass that made the graph, for the error
 * @throws Error on the first inconsistency, or ShapeError if an op refuses its operands
 */
export function checkGraph(graph: Graph, pass: string): Graph {
  const fail = (node: GraphNode, problem: string): never => {
    throw new Error(
      `pass ${pass} broke the graph: node #${node.id} ${node.op.name} at ${node.path || '(top)'}: ${problem}`,
    );
  };
  const defined = new Set<ValueId>([...graph.inputs.values(), ...graph.states.map((state) => state.value)]);
  for (const node of graph.nodes) {
    for (const id of operands(node)) if (!defined.has(id)) fail(node, `%${id} is read before it is written`);
    checkTypes(graph, node, fail);
    for (const id of node.outputs) {
      if (defined.has(id)) fail(node, `%${id} is written twice`);
      defined.add(id);
    }
  }
  for (const [name, id] of graph.outputs) {
    if (!defined.has(id))
      throw new Error(`pass ${pass} broke the graph: output ${name} (%${id}) is not written`);
  }
  for (const [state, id] of graph.updates) {
    const bytes = byteLength(valueInfo(graph, state));
    if (!defined.has(id) || byteLength(valueInfo(graph, id)) !== bytes) {
      throw new Error(
        `pass ${pass} broke the graph: the update %${id} of state %${state} is missing or of another size`,
      );
    }
  }
  return graph;
}

function checkTypes(graph: Graph, node: GraphNode, fail: (node: GraphNode, problem: string) => never): void {
  const types = inferTypes(node.op, operandTypes(graph, node), node.attrs);
  if (types.length !== node.outputs.length) {
    fail(node, `writes ${node.outputs.length} values, ${node.op.name} has ${types.length}`);
  }
  types.forEach((type, index) => {
    const written = valueInfo(graph, node.outputs[index] ?? -1);
    if (!sameShape(type.shape, written.shape) || type.dtype !== written.dtype) {
      fail(node, `output ${index} is ${formatType(type)} but is recorded as ${formatType(written)}`);
    }
  });
}
