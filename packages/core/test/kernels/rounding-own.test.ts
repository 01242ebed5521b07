/**
 * Our other products also sum in stretches, as Winograd's do. A separate file, and so a separate process,
 * because oneDNN reads the instruction set limit once, and with AVX-512 its kernels replace our tiles.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cpu } from '../../src/native/cpu.js';
import type { OpName } from '../../src/ops/index.js';
import { callOf, prepare, reference, runKernel } from './harness.js';
import type { KernelCase } from './operands.js';
import { convolution, convolutionCases } from './records/convolutions.js';
import { relativeError } from './relative-error.js';

vi.hoisted(() => {
  process.env.ONEDNN_MAX_CPU_ISA = 'AVX2';
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const hasTiles = process.arch === 'x64' && 'oneDNN' in cpu().libraries;

// Sums of 4608 products, and of 14400 for the weights.
const deep = convolutionCases([convolution([1, 512, 5, 5], [32, 512, 3, 3], 1, 1)]);
const back = convolutionCases([convolution([1, 32, 5, 5], [512, 32, 3, 3], 1, 1)]);
const wide = convolutionCases([convolution([4, 8, 60, 60], [8, 8, 3, 3], 1, 1)]);

const GEMM: readonly (readonly [OpName, KernelCase | undefined])[] = [
  ['conv2d', deep.conv2d[0]],
  ['conv2d_backward_data', back.conv2d_backward_data[0]],
  ['conv2d_backward_weights', wide.conv2d_backward_weights[0]],
];

async function errorOf(kernel: string, op: OpName, record: KernelCase | undefined): Promise<number> {
  if (!record) throw new Error(`no case of ${op}`);
  vi.stubEnv('IABN_KERNEL_CHOICE', kernel);
  const call = callOf(op, record, 'float32');
  expect(prepare(call).implementation).toMatch(new RegExp(`^${kernel}:`));
  return relativeError((await runKernel(call))[0], reference(call)[0]);
}

// A single running sum has errors of about 2e-6.
describe('root mean square', () => {
  it.each(GEMM)('%s by gemm', async (op, record) => {
    expect(await errorOf('gemm', op, record)).toBeLessThan(3.5e-7);
  });

  it.runIf(hasTiles)('conv2d by tiles', async () => {
    expect(await errorOf('tiles', 'conv2d', deep.conv2d[0])).toBeLessThan(4.5e-7);
  });
});
