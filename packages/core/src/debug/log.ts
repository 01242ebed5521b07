/** Messages of the debug ladder. */

import { channels, formatBytes } from '@inplace-abn/tensor';
import { valueInfo } from '../ir/graph.js';
import { nodeAt } from '../ir/text.js';
import type { PartsDecision } from '../passes/parts.js';
import type { Plan } from '../plan/plan.js';

export function logRebuilds(plan: Plan): string {
  return plan.rebuilds
    .map(({ value, producer, choice, through, bytes }) => {
      const how = through ? ` through ${nodeAt(through)}` : '';
      return `rebuild: ${choice} %${value} (${producer ? nodeAt(producer) : 'input'}, ${formatBytes(bytes)})${how}`;
    })
    .join('\n');
}

export function logParts(decisions: readonly PartsDecision[]): string {
  return decisions
    .map(({ producer, value, bytes, count }) => {
      return `parts: %${value} (${nodeAt(producer)}, ${formatBytes(bytes)}) in ${count} parts, each used before the next`;
    })
    .join('\n');
}

export function logAliases(plan: Plan): string {
  return plan.aliases
    .map(({ node, output, input, veto }) => {
      const verdict = veto ? `not in place: ${veto}` : 'in place';
      return `alias: ${nodeAt(node)}: %${output} over %${input}: ${verdict}`;
    })
    .join('\n');
}

export function logSlices(plan: Plan): string {
  return plan.slices
    .map(({ node, value, whole, begin, bytes, veto }) => {
      const verdict = veto ? `copied (${formatBytes(bytes)}): ${veto}` : `not copied (${formatBytes(bytes)})`;
      const last = begin + channels(valueInfo(plan.graph, value).shape);
      return `slice: ${nodeAt(node)}: %${value} is channels ${begin} to ${last} of %${whole}: ${verdict}`;
    })
    .join('\n');
}

export function logStrips(plan: Plan): string {
  return plan.strips
    .map(({ segment: { nodes, output }, count }) => {
      const [first, last] = [nodes[0]?.node, nodes.at(-1)?.node].map((node) =>
        node ? nodeAt(node) : 'nothing',
      );
      return `strips: from ${first} to ${last} (%${output}) in ${count} strips of rows`;
    })
    .join('\n');
}

export function logKernels(plan: Plan): string {
  return plan.instructions
    .map(({ node, kernel, part }, index) => {
      const refusals = kernel.refusals.map((reason) => `\n    refused: ${reason}`).join('');
      return `kernel ${index}: ${nodeAt(node)}${part === 'layout' ? ', layout' : ''}: ${kernel.implementation}${refusals}`;
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
