/** Autotuned kernels: cached in a file, and requested by name. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelChoices, type KernelSpec } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { pluginPath } from '../../src/plugin.js';
import { testedDevice } from '../support/device.js';
import { emulatedEnvironment, ON_GPU } from '../support/emulated.js';

const BUILT = new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url);
const ADDON = process.env.IABN_ADDON ?? fileURLToPath(BUILT);

const type = (shape: readonly number[]) => ({ shape, dtype: 'float32' as const });
const SPEC: KernelSpec = {
  op: 'conv2d',
  attrs: { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
  inputs: [type([2, 8, 4, 4]), type([8, 8, 1, 1]), null],
  outputs: [type([2, 8, 4, 4])],
};
const OPTIONS = { workspaceLimit: 2 ** 20, tf32: false, nccl: false, graphs: false };

/** The kernel that a separate process chooses for a 1×1 convolution, given a file of choices. */
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

it('is cached by name', () => {
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

describe('a requested kernel', () => {
  const prepare = (asked?: string) => testedDevice().prepare(asked ? { ...SPEC, choice: asked } : SPEC);

  it.each(['cublaslt', 'cudnn'])('is %s', (asked) => {
    const { choice, implementation } = prepare(asked);
    expect(choice?.name.split(' ')[0]).toBe(asked);
    expect(implementation.split(':')[0]).toBe(asked);
  });

  it('is a cuDNN algorithm of this version that fits the workspace', () => {
    const { name = '' } = prepare('cudnn').choice ?? {};
    const [library, version, id, ...rest] = name.split(' ');
    const other = [library, version, Number(id) + 1, ...rest].join(' ');
    expect(prepare(other)).toMatchObject({
      choice: { name: other, refusal: '' },
      implementation: `cudnn:${Number(id) + 1}`,
    });
    const newer = name.replace(version ?? '', '99.0.0');
    expect(prepare(newer).choice).toEqual({ name, refusal: `this is cuDNN ${version}` });
    const larger = [library, version, id, rest[0], 2 ** 40].join(' ');
    expect(prepare(larger).choice?.refusal).toContain('IABN_CUDA_WORKSPACE');
  });

  it('falls back, with a reason, if it belongs to another device', () => {
    const key = Object.keys(made(new KernelChoices()))[0] ?? '';
    const choices = new KernelChoices({ [key]: 'winograd' });
    const [name] = Object.values(made(choices));
    expect(name).toMatch(/^(cublaslt|cudnn)/);
    expect(choices.unmet).toEqual([{ key, asked: 'winograd', reason: 'this version has no such kernel' }]);
  });

  function made(choices: KernelChoices) {
    choices.prepare(testedDevice(), SPEC);
    return choices.made;
  }
});
