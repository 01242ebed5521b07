/**
 * Addons without process groups: of our own kernels, in WebAssembly, for macOS and for Windows. IABN_ADDON
 * names the addon under test.
 */
import { describe, expect, it } from 'vitest';
import { ProcessGroup, type World } from '../../src/index.js';

/** Two processes; the other one echoes this one. */
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

const ADDON = process.env.IABN_ADDON ?? '';
const IN_WASM = ADDON.endsWith('.wasm');
const WITHOUT_GROUPS =
  ADDON !== '' && (process.platform !== 'linux' || IN_WASM || ADDON.includes('own-kernels'));
const WHY = IN_WASM
  ? 'WebAssembly has no process groups: they need the native addon'
  : 'this addon cannot connect processes: those for Linux on';

describe('an addon without process groups', () => {
  it.runIf(WITHOUT_GROUPS)('refuses a group with one error', async () => {
    await expect(ProcessGroup.create(WORLD, [0, 1])).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_PROCESS_GROUP',
        message: expect.stringContaining(`opening group world: ${WHY}`),
      }),
    );
  });
});
