/** The CPU's kernel tests, unchanged, on the CUDA device: float16. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('float16');
