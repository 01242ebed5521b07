/** The garbage collector frees a device and its kernels in any order. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { emulatedEnvironment } from './support/emulated.js';

const ADDON = fileURLToPath(new URL('../../../native/build/Release/inplace_abn.node', import.meta.url));

const SPEC = {
  op: 'conv2d',
  attrs: { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
  inputs: [{ shape: [1, 1, 2, 2], dtype: 'float32' }, { shape: [1, 1, 3, 3], dtype: 'float32' }, null],
  outputs: [{ shape: [1, 1, 2, 2], dtype: 'float32' }],
};

/** Drops the device, then its kernel, and waits until each has been finalized. */
const PROGRAM = `
const [addon, plugin, spec] = process.argv.slice(1);
const native = require(addon);
const options = { workspaceLimit: 1 << 20, tf32: false, graphs: false, nccl: false };
const held = { device: new native.Device(plugin, 0, options) };
held.kernel = new native.Kernel(JSON.parse(spec), held.device);

let ended;
const registry = new FinalizationRegistry((name) => { ended = name; });
for (const name in held) registry.register(held[name], name);

(async () => {
  for (const name of ['device', 'kernel']) {
    delete held[name];
    while (ended !== name) {
      gc();
      await new Promise(setImmediate);
    }
    console.log(name);
  }
})();
`;

it('a kernel outlives the device that made it', () => {
  const args = ['--expose-gc', '-e', PROGRAM, ADDON, emulatedEnvironment().IABN_CUDA_PLUGIN ?? ''];
  const output = execFileSync(process.execPath, [...args, JSON.stringify(SPEC)], {
    encoding: 'utf8',
    // Freed memory is overwritten, so a kernel that still reads it fails.
    env: { ...process.env, ...emulatedEnvironment(), MALLOC_PERTURB_: '165' },
  });
  expect(output).toBe('device\nkernel\n');
});
