/** The smallest four cases of every kernel test of the CPU on the CUDA device; the long tests run all of them. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('float32', 4);
