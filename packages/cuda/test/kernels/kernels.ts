import type { DataDType } from '@inplace-abn/core';
import { testOn } from '../../../core/test/kernels/harness.js';
import { testedDevice } from '../support/device.js';

/** Registers the kernel tests for data in `dtype`: a file for each, so that they run side by side. */
export async function testKernelsIn(dtype: DataDType): Promise<void> {
  testOn(testedDevice, [dtype], {
    // The library returns a gradient of weights in the dtype of its operands, and a convolution before what follows it.
    conv2d: 2,
    conv2d_backward_weights: 1,
    conv2d_fused: 2,
  });
  await import('../../../core/test/kernels/kernels.test.js');
}
