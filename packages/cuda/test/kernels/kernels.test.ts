/** The kernel tests of the CPU, unchanged, on the CUDA device. */
import { testOn } from '../../../core/test/kernels/harness.js';
import { testedDevice } from '../support/device.js';

testOn(testedDevice, ['float32', 'bfloat16', 'float16'], {
  // The library returns a gradient of weights in the dtype of its operands, and a convolution before what follows it.
  conv2d_backward_weights: 1,
  conv2d: 2,
  conv2d_fused: 2,
});
await import('../../../core/test/kernels/kernels.test.js');
