/**
 * Recomputes values that depend only on states in every run, just before they are read, to save the memory of
 * keeping them between runs. With large images each weight is read so often that folding it and laying it out
 * in every run costs almost nothing.
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

/** Multiply-adds per weight above which laying out the weights takes at most about 1% of a run. */
const OFTEN = 4096;

/**
 * True if a run reads the weights so often that keeping them laid out saves too little time to be worth the
 * memory.
 */
export function readsWeightsOften(graph: Graph): boolean {
  const constants = constantsOf(graph);
  const weights = graph.states.reduce((sum, { value }) => sum + elements(valueInfo(graph, value).shape), 0);
  const flops = graph.nodes
    .filter((node) => !isConstant(node, constants))
    .reduce((sum, node) => sum + costOf(graph, node).flops, 0);
  return flops / 2 >= OFTEN * weights;
}
