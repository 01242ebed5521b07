/** Our products sum in stretches, so long sums have hardly larger rounding errors than short ones. */
import { afterEach, expect, it, vi } from 'vitest';
import type { OpName } from '../../src/ops/index.js';
import { callOf, prepare, reference, runKernel } from './harness.js';
import type { KernelCase } from './operands.js';
import { convolution, convolutionCases } from './records/convolutions.js';
import { relativeError } from './relative-error.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const deep = convolutionCases([convolution([2, 512, 5, 5], [64, 512, 3, 3], 1, 1)]);
const wide = convolutionCases([convolution([4, 16, 60, 60], [16, 16, 3, 3], 1, 1)]);
const back = convolutionCases([convolution([2, 64, 5, 5], [512, 64, 3, 3], 1, 1)]);

// A single running sum has errors of 2e-6, 2e-6 and 2.6e-6.
const CASES: readonly (readonly [OpName, KernelCase | undefined, number])[] = [
  ['conv2d', deep.conv2d[0], 1.4e-6],
  ['conv2d_backward_data', back.conv2d_backward_data[0], 1.4e-6],
  ['conv2d_backward_weights', wide.conv2d_backward_weights[0], 1.5e-6],
];

it.each(CASES)('%s by Winograd, root mean square', async (op, record, limit) => {
  if (!record) throw new Error(`no case of ${op}`);
  vi.stubEnv('IABN_KERNEL_CHOICE', 'winograd');
  const call = callOf(op, record, 'float32');
  expect(prepare(call).implementation).toMatch(/^winograd:/);
  const [actual] = await runKernel(call);
  const [wanted] = reference(call);
  expect(relativeError(actual, wanted)).toBeLessThan(limit);
});
