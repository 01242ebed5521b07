/** The device under test: a real GPU where the caller says so (IABN_CUDA_TEST=gpu), else the emulated one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CudaDevice, cuda } from '../../src/index.js';

const BUILD = fileURLToPath(new URL('../../../../native/build/Release/', import.meta.url));

/** Makes this process see the emulated runtime and libraries, and no cached choices. */
export function emulate(): void {
  if (process.env.IABN_CUDA_TEST === 'gpu') return;
  const plugin = `${BUILD}inplace_abn_cuda_emulated.so`;
  if (!existsSync(plugin)) {
    throw new Error(
      'the emulated device is not built: npm test builds it (cmake target inplace_abn_cuda_emulated)',
    );
  }
  process.env.IABN_CUDA_PLUGIN = plugin;
  process.env.IABN_CUDNN_LIBRARY = `${BUILD}libcudnn_emulated.so`;
  process.env.IABN_CUBLASLT_LIBRARY = `${BUILD}libcublaslt_emulated.so`;
  process.env.IABN_CUDA_ALGORITHMS = '/dev/null';
  process.env.IABN_CUDA_WORKSPACE = '1';
}

export function testedDevice(): CudaDevice {
  emulate();
  return cuda(0);
}
