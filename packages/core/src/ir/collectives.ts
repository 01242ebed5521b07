import { formatType } from '@inplace-abn/tensor';
import { type Graph, operands, valueInfo } from './graph.js';

/**
 * What a step exchanges with other processes, an op a line, in the order in which it does. Processes that run different
 * lists together wait for ever: they compare them before the first step.
 */
export function collectivesOf(graph: Graph): string[] {
  return graph.nodes
    .filter(({ op }) => op.effects.collective)
    .map((node) => {
      const types = operands(node).map((id) => formatType(valueInfo(graph, id)));
      return `${node.op.name}(${types.join(', ')}) ${JSON.stringify(node.attrs)} @${node.path}`;
    });
}
