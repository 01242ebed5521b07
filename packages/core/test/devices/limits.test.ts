/** Memory limits of control groups and of the process, read from files like those of Linux. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { memoryLimit } from '../../src/devices/memory.js';

const GB = 2 ** 30;

const MEMINFO = 'MemTotal:       67108864 kB\nMemAvailable:   33554432 kB\n';
const STATUS = 'VmSize:\t 1048576 kB\nVmData:\t  524288 kB\n';
const UNLIMITED = limitsOf('unlimited', 'unlimited');

function limitsOf(data: string | number, space: string | number): string {
  return `Limit  Soft Limit  Hard Limit  Units\nMax data size  ${data}  unlimited  bytes\nMax address space  ${space}  unlimited  bytes\n`;
}

async function limitOf(files: Readonly<Record<string, string>>, mapped = 0, reserved = false) {
  const root = await newFolder('limits');
  const all = {
    '/proc/meminfo': MEMINFO,
    '/proc/self/status': STATUS,
    '/proc/self/limits': UNLIMITED,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return memoryLimit({ root, mapped, reserved });
}

const MOUNT_2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';
const MOUNT_1 =
  '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n';

describe('the memory limit', () => {
  it('is the memory of the machine if there is no other limit', async () => {
    expect(await limitOf({})).toEqual({ bytes: 32 * GB, source: null });
  });

  it('is that of a control group, not counting reclaimable cache as used', async () => {
    const group = '/sys/fs/cgroup/job.scope';
    expect(
      await limitOf({
        '/proc/self/cgroup': '0::/job.scope\n',
        '/proc/self/mountinfo': MOUNT_2,
        [`${group}/memory.max`]: `${4 * GB}\n`,
        [`${group}/memory.current`]: `${3 * GB}\n`,
        [`${group}/memory.stat`]: `anon ${GB}\ninactive_file ${GB}\nactive_file ${GB / 4}\nslab_reclaimable ${GB / 4}\n`,
      }),
    ).toEqual({ bytes: 2.5 * GB, source: `memory.max of the control group ${group}` });
  });

  it('is the tightest of nested control groups', async () => {
    const files = {
      '/proc/self/cgroup': '0::/pods/pod7/box\n',
      '/proc/self/mountinfo': MOUNT_2,
      '/sys/fs/cgroup/pods/memory.max': 'max\n',
      '/sys/fs/cgroup/pods/memory.current': `${20 * GB}\n`,
      '/sys/fs/cgroup/pods/pod7/memory.max': `${2 * GB}\n`,
      '/sys/fs/cgroup/pods/pod7/memory.current': `${GB}\n`,
      '/sys/fs/cgroup/pods/pod7/box/memory.max': `${8 * GB}\n`,
      '/sys/fs/cgroup/pods/pod7/box/memory.current': `${GB / 2}\n`,
    };
    expect(await limitOf(files)).toEqual({
      bytes: GB,
      source: 'memory.max of the control group /sys/fs/cgroup/pods/pod7',
    });
  });

  it('is found in a container whose group has another name on the host', async () => {
    const files = {
      '/proc/self/cgroup': '4:memory:/docker/abc\n1:cpu:/docker/abc\n',
      '/proc/self/mountinfo': '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${3 * GB}\n`,
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${2 * GB}\n`,
      '/sys/fs/cgroup/memory/memory.stat': `inactive_file 1\ntotal_inactive_file ${GB / 4}\ntotal_active_file 0\n`,
    };
    expect(await limitOf(files)).toEqual({
      bytes: 1.25 * GB,
      source: 'memory.limit_in_bytes of the control group /sys/fs/cgroup/memory',
    });
  });

  it('of cgroup v1 may come from a parent group, and huge numbers mean no limit', async () => {
    const group = '/sys/fs/cgroup/memory';
    const files = {
      '/proc/self/cgroup': '4:memory:/slurm/job_7\n',
      '/proc/self/mountinfo': MOUNT_1,
      [`${group}/slurm/memory.limit_in_bytes`]: `${GB}\n`,
      [`${group}/slurm/memory.usage_in_bytes`]: '0\n',
      [`${group}/slurm/job_7/memory.limit_in_bytes`]: '9223372036854771712\n',
      [`${group}/slurm/job_7/memory.usage_in_bytes`]: '0\n',
    };
    expect(await limitOf(files)).toEqual({
      bytes: GB,
      source: `memory.limit_in_bytes of the control group ${group}/slurm`,
    });
  });

  it('is a resource limit minus the memory that the process has mapped', async () => {
    expect(await limitOf({ '/proc/self/limits': limitsOf('unlimited', 3 * GB) })).toEqual({
      bytes: 2 * GB,
      source: 'RLIMIT_AS (ulimit -v)',
    });
    const both = { '/proc/self/limits': limitsOf(GB, 3 * GB) };
    expect(await limitOf(both)).toEqual({ bytes: GB / 2, source: 'RLIMIT_DATA (ulimit -d)' });
    // Part of the mapped memory is the block that is about to be populated.
    expect(await limitOf(both, GB / 4)).toEqual({ bytes: 0.75 * GB, source: 'RLIMIT_DATA (ulimit -d)' });
  });

  it('ignores RLIMIT_AS once all addresses are reserved', async () => {
    const files = { '/proc/self/limits': limitsOf(20 * GB, 3 * GB) };
    expect(await limitOf(files, 0, true)).toEqual({ bytes: 19.5 * GB, source: 'RLIMIT_DATA (ulimit -d)' });
  });
});
