/** The kernel that a process of its own chooses for a 1×1 convolution, with the choices that a file holds. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pluginPath } from '../../src/plugin.js';
import { emulatedEnvironment, ON_GPU } from '../support/emulated.js';

const BUILT = new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url);
const ADDON = process.env.IABN_ADDON ?? fileURLToPath(BUILT);

const type = (shape: readonly number[]) => ({ shape, dtype: 'float32' });
const SPEC = {
  op: 'conv2d',
  attrs: { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
  inputs: [type([2, 8, 4, 4]), type([8, 8, 1, 1]), null],
  outputs: [type([2, 8, 4, 4])],
};
const OPTIONS = { workspaceLimit: 2 ** 20, tf32: false, nccl: false, graphs: false };

function chosenWith(file: string): string {
  const code =
    `const { Device, Kernel } = require(process.env.ADDON);` +
    `const device = new Device(process.env.PLUGIN, 0, ${JSON.stringify(OPTIONS)});` +
    `process.stdout.write(new Kernel(${JSON.stringify(SPEC)}, device).implementation)`;
  const emulated: Record<string, string> = ON_GPU ? {} : emulatedEnvironment();
  const PLUGIN = emulated.IABN_CUDA_PLUGIN ?? pluginPath();
  const env = { ...process.env, ...emulated, IABN_CUDA_ALGORITHMS: file, ADDON, PLUGIN };
  return execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' });
}

it('is remembered by name', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'algorithms-')), 'algorithms.txt');
  const first = chosenWith(file);
  const known = readFileSync(file, 'utf8');
  const key = /^(?:cublaslt|cudnn)\t(.*choice conv2d .*)$/m.exec(known)?.[1];
  expect(key).toMatch(/^inplace-abn \d/);
  expect(chosenWith(file)).toBe(first);
  expect(readFileSync(file, 'utf8')).toBe(known);
  writeFileSync(file, `0\t${key}\ncublaslt\t${key}\n`);
  expect(chosenWith(file)).toBe('cublaslt');
  writeFileSync(file, `1\t${key}\ncudnn\t${key}\n`);
  expect(chosenWith(file)).toMatch(/^cudnn:/);
});
