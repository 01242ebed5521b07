import type { DataDType } from '@inplace-abn/core';
import { testOn } from '../../../core/test/kernels/harness.js';
import { testedDevice } from '../support/device.js';

/**
 * Extra rounding steps: libraries return weight gradients in the operands' dtype and round a convolution
 * before its epilogue.
 */
const ROUNDINGS = { conv2d: 2, conv2d_backward_weights: 1, conv2d_fused: 2 };

/**
 * Registers the kernel tests for data in `dtype`, for the `smallest` cases of each op or all. One test file
 * per dtype.
 */
export async function testKernelsIn(dtype: DataDType, smallest?: number): Promise<void> {
  testOn(testedDevice, [dtype], ROUNDINGS, smallest);
  await import('../../../core/test/kernels/kernels.test.js');
}
