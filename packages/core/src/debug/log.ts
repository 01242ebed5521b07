/** Texts of the debug ladder. */
import type { GraphNode } from '../graph/graph.js';
import { formatBytes } from '../plan/format.js';
import type { Plan } from '../plan/plan.js';

const at = (node: GraphNode): string => `${node.op} at ${node.path || '(top)'}`;

export function logRebuilds(plan: Plan): string {
  return plan.rebuilds
    .map(({ value, producer, choice, through, bytes }) => {
      const how = through ? ` through ${at(through)}` : '';
      return `rebuild: ${choice} %${value} (${producer ? at(producer) : 'input'}, ${formatBytes(bytes)})${how}`;
    })
    .join('\n');
}

export function logAliases(plan: Plan): string {
  return plan.aliases
    .map(({ node, output, input, veto }) => {
      const verdict = veto ? `not in place: ${veto}` : 'in place';
      return `alias: ${at(node)}: %${output} over %${input}: ${verdict}`;
    })
    .join('\n');
}

export function logKernels(plan: Plan): string {
  return plan.instructions
    .map(({ node, kernel }, index) => {
      const refusals = kernel.refusals.map((reason) => `\n    refused: ${reason}`).join('');
      return `kernel ${index}: ${at(node)}: ${kernel.implementation}${refusals}`;
    })
    .join('\n');
}

export function logSummary(plan: Plan, milliseconds: number): string {
  const separate = plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  return (
    `compiled ${plan.instructions.length} instructions in ${milliseconds.toFixed(0)} ms: ` +
    `${formatBytes(separate)} of buffers → arena ${formatBytes(plan.arenaBytes)} ` +
    `(largest live sum ${formatBytes(plan.peak.bytes)} at instruction ${plan.peak.instruction})`
  );
}
