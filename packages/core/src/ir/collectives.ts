import { formatType } from '@inplace-abn/tensor';
import { type Graph, operands, valueInfo } from './graph.js';

/**
 * The collectives of a step in execution order, one line each. Processes compare these lists before the first
 * step: if they differ, the group would deadlock.
 */
export function collectivesOf(graph: Graph): string[] {
  return graph.nodes
    .filter(({ op }) => op.effects.collective)
    .map((node) => {
      const types = operands(node).map((id) => formatType(valueInfo(graph, id)));
      return `${node.op.name}(${types.join(', ')}) ${JSON.stringify(node.attrs)} @${node.path}`;
    });
}
