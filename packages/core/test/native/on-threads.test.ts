/** The number of threads that the native addon computes on. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { onThreads } from '../../src/native/on-threads.js';

const ADDON =
  process.env.IABN_ADDON ??
  fileURLToPath(new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url));
const CHILD = fileURLToPath(new URL('./children/threads.mjs', import.meta.url));

/** Threads of the addon in a new process, and OMP_NUM_THREADS there after it was loaded. */
function loadedOn(count: number, asked?: string): [threads: number, variable: string | null] {
  const { OMP_NUM_THREADS: _, ...others } = process.env;
  const env = asked === undefined ? others : { ...others, OMP_NUM_THREADS: asked };
  const args = [...process.execArgv, CHILD, ADDON, String(count)];
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (stderr !== '') expect.fail(stderr);
  return JSON.parse(stdout);
}

it('is that of the quota, which child processes do not see', () => {
  expect(loadedOn(1)).toEqual([1, null]);
});

/** Processors of this process's affinity, which Linux lists as `0-3,8`; null on other systems. */
function affinity(): number | null {
  if (process.platform !== 'linux') return null;
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const counts = list.split(',').map((range) => {
    const [first = '', last = first] = range.split('-');
    return Number(last) - Number(first) + 1;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

const processors = affinity();
it.skipIf(processors === null)('is that of the affinity without a quota', () => {
  expect(loadedOn(processors ?? 0)).toEqual([processors, null]);
});

it('is given to OpenMP also where Node itself counts by the quota', () => {
  vi.stubEnv('OMP_NUM_THREADS', undefined);
  const count = availableParallelism();
  const threads = vi.fn(() => Number(process.env.OMP_NUM_THREADS));
  onThreads(count, () => ({ threads }));
  expect(threads).toHaveReturnedWith(count);
  vi.unstubAllEnvs();
});

it('is that of OMP_NUM_THREADS where it is set', () => {
  expect(loadedOn(1, '3')).toEqual([3, '3']);
});
