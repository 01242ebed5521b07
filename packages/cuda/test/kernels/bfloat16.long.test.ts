/** The CPU's kernel tests, unchanged, on the CUDA device: bfloat16. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('bfloat16');
