/** Convolutions with large weights, computed one range of channels at a time. */

import type { Shape } from '@inplace-abn/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OpName } from '../../src/ops/index.js';
import { callOf, type DataType, expectAgrees, prepare, reference, runKernel } from './harness.js';
import type { KernelCase } from './operands.js';
import { convolution, convolutionCases } from './records/convolutions.js';

/** Weights of more than 4 MiB each; the channels of the last fill an odd number of vectors. */
const LARGE = convolutionCases([
  convolution([2, 1024, 2, 3], [1152, 1024, 1, 1]),
  convolution([1, 320, 4, 3], [384, 320, 3, 3], 2, 1),
  convolution([1, 432, 4, 2], [432, 432, 3, 3], 1, 1),
]);
const OPS = ['conv2d', 'conv2d_backward_data', 'conv2d_backward_weights'] as const;

async function expectRight(op: OpName, record: KernelCase, dtype: DataType): Promise<void> {
  const call = callOf(op, record, dtype);
  const actual = await runKernel(call);
  reference(call).forEach((expected, i) => {
    const output = actual[i];
    if (!output) throw new Error(`${op} has no output ${i}`);
    expectAgrees(output, expected, output.dtype === 'float32' ? 1e-4 : undefined);
  });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(OPS)('%s', (op) => {
  it.each([2, 3])('agrees with the reference in %i parts', async (parts) => {
    vi.stubEnv('IABN_KERNEL_CHOICE', `${parts} parts`);
    const taken = LARGE[op].filter((record) =>
      prepare(callOf(op, record, 'float32')).implementation.startsWith(`${parts} parts, `),
    );
    for (const record of taken) await expectRight(op, record, 'float32');
    expect(taken.length).toBeGreaterThan(0);
  });

  it('agrees with the reference for bfloat16 images', async () => {
    vi.stubEnv('IABN_KERNEL_CHOICE', 'float32 images, 2 parts');
    const [record] = LARGE[op];
    if (!record) throw new Error('no case');
    expect(prepare(callOf(op, record, 'bfloat16')).implementation).toMatch(/^float32 images, 2 parts, /);
    await expectRight(op, record, 'bfloat16');
  });

  it('refuses calls without images', async () => {
    const [large] = LARGE[op];
    if (!large) throw new Error('no case');
    const images = (shape: Shape | null, i: number) =>
      shape && (i === 0 || op.endsWith('weights')) ? [0, ...shape.slice(1)] : shape;
    const record = { ...large, inputs: large.inputs.map(images) };
    expect(prepare(callOf(op, record, 'float32')).refusals.join()).toContain('there is nothing to divide');
    await expectRight(op, record, 'float32');
  });

  it('needs workspace for one part of the weights only', () => {
    const [record] = LARGE[op];
    if (!record) throw new Error('no case');
    const call = callOf(op, record, 'float32');
    vi.stubEnv('IABN_KERNEL_CHOICE', '2 parts');
    const parts = prepare(call);
    vi.stubEnv('IABN_KERNEL_CHOICE', '');
    const whole = prepare(call);
    const room = 1152 * 1024 * 4;
    expect(whole.workspaceBytes).toBeGreaterThanOrEqual(room);
    expect(parts.workspaceBytes).toBeLessThan(1.2 * room);
  });
});
