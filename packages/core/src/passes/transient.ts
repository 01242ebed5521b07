/**
 * Computes what follows from states alone where it is read, at every run, in the place of once for many runs: bytes
 * for a little time. Large images read each weight so often that folding it and laying it out again is nothing.
 */

import { elements } from '@inplace-abn/tensor';
import { constantsOf, isConstant } from '../ir/constants.js';
import { type Graph, valueInfo } from '../ir/graph.js';
import { costOf } from '../ir/infer.js';

export function transient(graph: Graph): Graph {
  const constants = constantsOf(graph);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (isConstant(node, constants) ? { ...node, rebuilds: true } : node)),
  };
}

/** Multiply-adds per weight from which on laying it out again takes about a hundredth of the run, or less. */
const OFTEN = 4096;

/** Whether a run reads the weights so often that keeping them in another form saves no time worth its bytes. */
export function readsWeightsOften(graph: Graph): boolean {
  const constants = constantsOf(graph);
  const weights = graph.states.reduce((sum, { value }) => sum + elements(valueInfo(graph, value).shape), 0);
  const flops = graph.nodes
    .filter((node) => !isConstant(node, constants))
    .reduce((sum, node) => sum + costOf(graph, node).flops, 0);
  return flops / 2 >= OFTEN * weights;
}
