/** Autotuned implementations: each is correct, and the choice is cached. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataDType } from '@inplace-abn/tensor';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cpu } from '../../src/native/cpu.js';
import type { OpName } from '../../src/ops/index.js';
import { callOf, expectAgrees, prepare, reference, runKernel } from './harness.js';
import type { KernelCase } from './operands.js';
import { records } from './records.js';

const BUILT = new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url);
const ADDON = process.env.IABN_ADDON ?? fileURLToPath(BUILT);

const OPS: readonly OpName[] = ['conv2d', 'conv2d_fused', 'conv2d_backward_data', 'conv2d_backward_weights'];
const WINDOW = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
/** Seven images that do not fit the caches together, so they are processed one by one. */
const IMAGES = [7, 16, 140, 140];
const WEIGHTS = [16, 16, 1, 1];
const large: Readonly<Partial<Record<OpName, KernelCase>>> = {
  conv2d: { attrs: WINDOW, inputs: [IMAGES, WEIGHTS, [16]] },
  conv2d_fused: {
    attrs: { ...WINDOW, activation: 'leaky_relu', slope: 0.1 },
    inputs: [IMAGES, WEIGHTS, [16], IMAGES],
  },
  conv2d_backward_data: { attrs: { ...WINDOW, size: [140, 140] }, inputs: [IMAGES, WEIGHTS] },
  conv2d_backward_weights: { attrs: { ...WINDOW, kernel: [1, 1] }, inputs: [IMAGES, IMAGES] },
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(OPS)('%s of bfloat16 images in float32', (op) => {
  beforeEach(() => {
    vi.stubEnv('IABN_KERNEL_CHOICE', 'float32 images');
  });

  it.each(
    records[op].map((record) => [record.inputs.map((shape) => `[${shape?.join() ?? ''}]`).join(' '), record]),
  )('agrees with the reference: %s', async (_, record) => {
    const call = callOf(op, record as KernelCase, 'bfloat16');
    const actual = await runKernel(call);
    reference(call).forEach((expected, i) => {
      const output = actual[i];
      if (output) expectAgrees(output, expected, output.dtype === 'float32' ? 1e-4 : undefined);
    });
  });

  it('agrees with the reference if images are processed one by one', async () => {
    const record = large[op];
    if (!record) throw new Error(`no large case of ${op}`);
    const call = callOf(op, record, 'bfloat16');
    expect(prepare(call).implementation).toMatch(/^float32 images, /);
    // All images in float32 would take twice their bytes.
    expect(prepare(call).workspaceBytes).toBeLessThan(12e6);
    const actual = await runKernel(call);
    const [expected] = reference(call);
    if (actual[0] && expected) expectAgrees(actual[0], expected, op.endsWith('weights') ? 1e-4 : undefined);
  });
});

describe('weight gradients of 1×1 convolutions', () => {
  it('can be one matrix product', async () => {
    vi.stubEnv('IABN_KERNEL_CHOICE', 'matmul');
    const record = {
      attrs: { ...WINDOW, kernel: [1, 1] },
      inputs: [
        [3, 16, 9, 9],
        [3, 32, 9, 9],
      ],
    };
    const call = callOf('conv2d_backward_weights', record, 'float32');
    expect(prepare(call).implementation).toMatch(/^matmul, /);
    const [actual] = await runKernel(call);
    const [expected] = reference(call);
    if (actual && expected) expectAgrees(actual, expected);
  });
});

describe.runIf('oneDNN' in cpu().libraries)('a choice between oneDNN and our own kernels', () => {
  const type = (shape: readonly number[], dtype: DataDType = 'float32') => ({ shape, dtype });
  const specOf = (channels: number, size: number, images: DataDType = 'float32') => ({
    op: 'conv2d_backward_weights',
    attrs: { ...WINDOW, kernel: [1, 1] },
    inputs: [type([4, channels, size, size], images), type([4, 64, size, size], images)],
    outputs: [type([64, channels, 1, 1])],
  });

  /** The implementation that a separate process chooses, given the choices in `file`. */
  function chosenWith(file: string, spec: object = specOf(64, 56)): string {
    const code = `process.stdout.write(new (require(process.env.ADDON).Kernel)(${JSON.stringify(spec)}).implementation)`;
    const env = { ...process.env, IABN_CPU_KERNELS: file, ADDON };
    return execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' });
  }

  /** The first operand in a line of the file. */
  const imagesOf = (line: string) => / conv2d_backward_weights (\S+)/.exec(line)?.[1];

  it('is autotuned once and cached in a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    const first = chosenWith(file);
    const [line = '', ...others] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(others).toEqual([]);
    const [choice = '', key = ''] = line.split('\t');
    expect(choice).toMatch(/^(onednn|matmul)$/);
    expect(key).toMatch(
      /^inplace-abn \d+\.\d+\.\d+, conv2d_backward_weights 1:4,64,56,56, 1:4,64,56,56, 1:64,64,1,1, .*, oneDNN [\d.]+$/,
    );
    expect(chosenWith(file)).toBe(first);
    expect(readFileSync(file, 'utf8')).toBe(`${line}\n`);
    const other = choice === 'onednn' ? 'matmul' : 'onednn';
    writeFileSync(file, `${other}\t${key}\n`);
    expect(chosenWith(file)).not.toBe(first);
  });

  it.each([
    ['of an unknown kernel, as from a later version', (key: string) => `fastest of all\t${key}\n`],
    ['that is a number', (key: string) => `1\t${key}\n`],
    ['of another version', (key: string) => `matmul\t${key.replace(/\d+\.\d+\.\d+/, '0.0.0')}\n`],
    [
      'of no version',
      (key: string) => `1\t${key.replace(/^.*, conv2d_backward_weights/, 'conv2d_backward_weights of 7')}\n`,
    ],
  ])('is autotuned again if the file has a name %s', (_, lineOf) => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    chosenWith(file);
    const known = readFileSync(file, 'utf8');
    const former = lineOf(known.trimEnd().split('\t')[1] ?? '');
    writeFileSync(file, former);
    const chosen = chosenWith(file);
    const added = readFileSync(file, 'utf8').slice(former.length);
    expect(added).toMatch(/^(onednn|matmul)\t.*\n$/);
    expect(chosenWith(file)).toBe(chosen);
    // Only one write: the next process finds a name that it knows.
    expect(readFileSync(file, 'utf8')).toBe(former + added);
  });

  it('is shared by similar shapes', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');
    const first = chosenWith(file, specOf(528, 14));
    expect(chosenWith(file, specOf(624, 14))).toBe(first);
    expect(lines()).toHaveLength(1);
    chosenWith(file, specOf(656, 14));
    // The channels are not whole vectors, so other kernels, with other timings, may apply to this shape.
    chosenWith(file, specOf(630, 14));
    expect(lines().map(imagesOf)).toEqual(['1:4,640,14,14,', '1:4,768,14,14,', '1:4,630,14,14,']);
  });

  it('of a similar shape is replaced if the kernel refuses this one', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');
    chosenWith(file, specOf(528, 14));
    // There is no such kernel for images that are already float32.
    writeFileSync(file, `float32 images\t${lines()[0]?.split('\t')[1]}\n`);
    const first = chosenWith(file, specOf(528, 14));
    expect(lines().map(imagesOf)).toEqual(['1:4,640,14,14,', '1:4,528,14,14,']);
    expect(chosenWith(file, specOf(528, 14))).toBe(first);
    expect(lines()).toHaveLength(2);
  });

  it('is separate for constant weights, which take no time to lay out', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');
    const images = type([2, 64, 56, 56]);
    const attrs = { ...WINDOW, padding: [1, 1] };
    const spec = { op: 'conv2d', attrs, inputs: [images, type([64, 64, 3, 3])], outputs: [images] };
    const constant = { ...spec, constants: [1] };
    const first = chosenWith(file, constant);
    const [choice, key = ''] = lines()[0]?.split('\t') ?? [];
    expect(key).toMatch(/ dilation 1 1 constant weights, /);
    writeFileSync(file, `${choice === 'winograd' ? 'onednn' : 'winograd'}\t${key}\n`);
    expect(chosenWith(file, constant)).not.toBe(first);
    chosenWith(file, spec);
    expect(lines().map((line) => line.includes('constant weights'))).toEqual([true, false]);
  });

  it('excludes kernels that widen images if bfloat16 products are known to be faster', (context) => {
    const file = join(mkdtempSync(join(tmpdir(), 'choices-')), 'kernels.txt');
    chosenWith(file, specOf(64, 56, 'bfloat16'));
    const rate = /^\d+\t(.*bfloat16 products in percent of float32's rate, .*)$/m.exec(
      readFileSync(file, 'utf8'),
    );
    if (rate === null) return context.skip('this CPU has no instructions for bfloat16');
    writeFileSync(file, `300\t${rate[1]}\n`);
    expect(chosenWith(file, specOf(64, 56, 'bfloat16'))).not.toMatch(/^(float32 images|pointwise)/);
    // With few channels the product rates say nothing, so all kernels are timed.
    chosenWith(file, specOf(24, 56, 'bfloat16'));
    expect(readFileSync(file, 'utf8')).toMatch(/\t.* conv2d_backward_weights 2:4,24,56,56, /);
  });

  it('is made even if the file cannot be read or written', () => {
    expect(chosenWith('/nowhere/kernels.txt')).toMatch(/avx|brg|jit|gemm/);
  });
});
