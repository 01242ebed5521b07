// @ts-check
// Creates two groups of all processes at the same time, one of them with the topology `ring`.
import { ProcessGroup } from '@inplace-abn/comm';

/** @param {import('@inplace-abn/comm').Processes} processes */
export default async function twoGroups({ world, group }) {
  /** @type {readonly [string, import('@inplace-abn/comm').GroupOptions][]} */
  const asked = [
    ['first', {}],
    ['second', { topology: 'ring' }],
  ];
  const groups = await Promise.all(
    asked.map(([name, options]) => ProcessGroup.create(world, group.ranks, options, name)),
  );
  const sums = [];
  for (const made of groups) sums.push((await made.allReduce(Int32Array.of(group.rank + 1)))[0]);
  const perNode = groups.map((made) => made.perNode);
  await group.barrier();
  for (const made of groups) made.close();
  return { perNode, sums };
}
