// @ts-check
// Sums one number in a group with its own timeout, in which a rank may take no part.
import { ProcessGroup } from '@inplace-abn/comm';

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {{ timeoutMs: number, sums: boolean }} argument
 */
export default async function impatient({ world, group }, { timeoutMs, sums }) {
  const own = await ProcessGroup.create(world, group.ranks, { timeoutMs }, 'impatient');
  // A rank that connects late must not find others that have given up.
  await group.barrier();
  return sums ? own.allReduce(Float32Array.of(1)) : null;
}
