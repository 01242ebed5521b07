/** Quotas of CPU time, in files as Linux has them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { availableProcessors, processorsIn } from '../../src/devices/processors.js';

const MOUNT_2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';

/** Processors of a process with these files, on a machine of 64. */
async function processorsWith(files: Readonly<Record<string, string>>): Promise<number> {
  const root = await newFolder('processors');
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return availableProcessors(root, 64);
}

it('a quota is rounded up to whole processors', () => {
  const texts = ['200000 100000', '150000 100000', '5000 100000', '100000 50000', '0 100000'];
  expect(texts.map(processorsIn)).toEqual([2, 2, 1, 2, 1]);
  for (const text of ['', ' ', 'max 100000', '-1 100000', '200000', '200000 0', '2e5 100000']) {
    expect(processorsIn(text), text).toBeNull();
  }
});

describe('processors', () => {
  it('are those of the affinity without a quota', async () => {
    expect(await processorsWith({})).toBe(64);
    const files = { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': MOUNT_2 };
    expect(await processorsWith(files)).toBe(64);
    expect(await processorsWith({ ...files, '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBe(64);
    expect(availableProcessors()).toBeLessThanOrEqual(availableParallelism());
  });

  it('are those of the quota, as in a container', async () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': MOUNT_2 };
    expect(await processorsWith({ ...files, '/sys/fs/cgroup/cpu.max': '200000 100000\n' })).toBe(2);
    // No more than there are.
    expect(await processorsWith({ ...files, '/sys/fs/cgroup/cpu.max': '9900000 100000\n' })).toBe(64);
  });

  it('are those of the tightest group around a nested one', async () => {
    const files = {
      '/proc/self/cgroup': '0::/pods/pod7/box\n',
      '/proc/self/mountinfo': MOUNT_2,
      '/sys/fs/cgroup/pods/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/pods/pod7/cpu.max': '250000 100000\n',
      '/sys/fs/cgroup/pods/pod7/box/cpu.max': '800000 100000\n',
    };
    expect(await processorsWith(files)).toBe(3);
  });

  it('are those of a quota of version 1, which shares its folder with another controller', async () => {
    const files = {
      '/proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n',
      '/proc/self/mountinfo': `35 31 0:32 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n${MOUNT_2}`,
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    };
    expect(await processorsWith(files)).toBe(4);
    expect(await processorsWith({ ...files, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' })).toBe(64);
  });
});
