// @ts-check
// Waits for the others in one collective after another until one fails.

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {'all_reduce' | 'all_gather' | 'broadcast' | 'barrier'} collective
 */
export default async function waiting({ group }, collective) {
  for (;;) {
    if (collective === 'all_reduce') await group.allReduce(new Float32Array(100_000));
    else if (collective === 'all_gather') await group.allGather(new Uint8Array(1_000));
    else if (collective === 'broadcast') await group.broadcastBytes(new Uint8Array(1_000), group.size - 1);
    else await group.barrier();
  }
}
