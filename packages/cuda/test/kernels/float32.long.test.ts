/** The CPU's kernel tests, unchanged, on the CUDA device: float32, and ops without a data dtype. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('float32');
