/** Guarantees of single kernels, on the CUDA device. */
import { testOn } from '../../../core/test/kernels/harness.js';
import { testedDevice } from '../support/device.js';

testOn(testedDevice, ['float32', 'bfloat16', 'float16']);
await import('../../../core/test/kernels/specials.test.js');
