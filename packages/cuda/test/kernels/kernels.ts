import type { DataDType } from '@inplace-abn/core';
import { testOn } from '../../../core/test/kernels/harness.js';
import { testedDevice } from '../support/device.js';

/** The library returns a gradient of weights in the dtype of its operands, and a convolution before what follows it. */
const ROUNDINGS = { conv2d: 2, conv2d_backward_weights: 1, conv2d_fused: 2 };

/** Registers the kernel tests for data in `dtype`, a file for each: the `smallest` cases of each op, or all. */
export async function testKernelsIn(dtype: DataDType, smallest?: number): Promise<void> {
  testOn(testedDevice, [dtype], ROUNDINGS, smallest);
  await import('../../../core/test/kernels/kernels.test.js');
}
