/** The four smallest cases of every CPU kernel test on the CUDA device; the long tests run all of them. */
import { testKernelsIn } from './kernels.js';

await testKernelsIn('float32', 4);
