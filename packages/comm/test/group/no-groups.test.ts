/** Addons without process groups, where they are built: of our own kernels, and in WebAssembly. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { World } from '../../src/index.js';

const native = (file: string) => fileURLToPath(new URL(`../../../../native/${file}`, import.meta.url));

/** Two processes, of which the other one says the same as this one. */
const WORLD: World = {
  rank: 0,
  localRank: 0,
  size: 2,
  host: '127.0.0.1',
  lossMs: 1000,
  gather: (_, members, data) => Promise.resolve(members.map(() => data)),
  onLost: () => {},
  fail: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

afterEach(() => vi.unstubAllEnvs());

describe.each([
  [native('build/own-kernels/inplace_abn.node'), 'this addon cannot connect processes: those for Linux on'],
  [native('build-wasm/inplace_abn.wasm'), 'WebAssembly has no process groups: they need the native addon'],
])('%s', (addon, why) => {
  it.skipIf(!existsSync(addon))('refuses a process group with one error', async () => {
    vi.stubEnv('IABN_ADDON', addon);
    vi.resetModules();
    const { ProcessGroup } = await import('../../src/index.js');
    await expect(ProcessGroup.create(WORLD, [0, 1])).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_PROCESS_GROUP',
        message: expect.stringContaining(`opening group world: ${why}`),
      }),
    );
  });
});
