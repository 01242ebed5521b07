/** The number of threads that the native addon computes on. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

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

it('is that of the affinity without a quota', () => {
  expect(loadedOn(availableParallelism())).toEqual([availableParallelism(), null]);
});

it('is that of OMP_NUM_THREADS where it is set', () => {
  expect(loadedOn(1, '3')).toEqual([3, '3']);
});
