/** Finds where numbers went wrong in a step that a guard stopped. */
import { type Arrays, hasNonFinite, type Program, valueInfo } from '@inplace-abn/core';

/**
 * Runs the forward pass again, instruction by instruction, and names the first whose output is not finite:
 * `mod3.block1.convs.conv2 (conv2d)`; null if none is. Updates no state. All processes of a group call it,
 * and each runs to the end: the others wait for its part in the collectives.
 */
export async function firstNonFinite(program: Program, inputs: Arrays): Promise<string | null> {
  const { graph, instructions } = program.plan;
  await program.feed(inputs);
  let first: string | null = null;
  for (const [index, { node }] of instructions.entries()) {
    if (node.phase !== 'forward' || node.outputs.length === 0) continue;
    await program.step(index);
    const broken = node.outputs.some((id) => hasNonFinite(program.peek(id), valueInfo(graph, id).dtype));
    if (broken) first ??= `${node.path || '(top)'} (${node.op.name})`;
  }
  return first;
}
