/** The number of processors that this process may use at a time. */
import { availableParallelism } from 'node:os';
import { type GroupFolder, groupFolders, type ReadText, textsBelow } from './control-groups.js';

/**
 * Processors that this process may use: those of its affinity but, in a control group with a quota of CPU
 * time, such as a container's, no more than ⌈quota⌉ (from Node 22.10 on, which counts by the quota itself,
 * ⌊quota⌋). At least 1. More threads than that wait for each other while the group is throttled.
 *
 * @param root folder that holds `proc` and `sys`; default the machine's
 * @param most processors of the affinity; default as Node counts them
 */
export function availableProcessors(root = '', most = availableParallelism()): number {
  const read = textsBelow(root);
  const quotas = groupFolders(read, 'cpu').map((folder) => quotaOf(read, folder));
  return Math.min(most, ...quotas.filter((processors) => processors !== null));
}

function quotaOf(read: ReadText, { version, path }: GroupFolder): number | null {
  return processorsIn(
    version === 2
      ? read(`${path}/cpu.max`)
      : `${read(`${path}/cpu.cfs_quota_us`)} ${read(`${path}/cpu.cfs_period_us`)}`,
  );
}

/**
 * Processors of a quota, rounded up: CPU time and the period that it is for, both in µs, as in `cpu.max`.
 * null: no limit (`max`, or −1 in version 1), or another text.
 */
export function processorsIn(quota: string): number | null {
  const [, time, period] = /^(\d+) ([1-9]\d*)$/.exec(quota) ?? [];
  return time === undefined ? null : Math.max(1, Math.ceil(Number(time) / Number(period)));
}
