// @ts-check
// Runs every host collective on arrays of the requested length.

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {number} length
 */
export default async function collectives({ group }, length) {
  const { rank, size } = group;
  const integers = Int32Array.from({ length }, (_, i) => i * (rank + 1));
  const floats = Float32Array.from({ length }, (_, i) => Math.sin(i + rank));
  const doubles = Float64Array.from({ length }, (_, i) => 1 / (i + rank + 1));
  const sums = [
    await group.allReduce(integers),
    await group.allReduce(floats),
    await group.allReduce(doubles),
  ];
  const gathered = await group.allGather(new Uint8Array(rank * length).fill(rank));
  const root = size - 1;
  const told = await group.broadcastValue(rank === root ? { from: root, text: 'ä' } : null, root);
  const everyone = await group.gatherValues([rank, `rank ${rank}`]);
  await group.barrier();
  return { sums, gathered, told, everyone, perNode: group.perNode };
}
