/** The kernel tests of the CPU, unchanged, on the CUDA device: float32, and what has no dtype of its own. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('float32');
