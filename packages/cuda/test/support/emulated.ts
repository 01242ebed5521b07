/** The device under test: a real GPU if requested (IABN_CUDA_TEST=gpu), else the emulated one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../../../native/build/Release/', import.meta.url));

/** True if the tests run on a GPU. */
export const ON_GPU = process.env.IABN_CUDA_TEST === 'gpu';

/** Environment in which a process uses the emulated runtime and libraries, and no cached choices. */
export function emulatedEnvironment(): Record<string, string> {
  const plugin = `${BUILD}inplace_abn_cuda_emulated.so`;
  if (!existsSync(plugin)) {
    throw new Error(
      'the emulated device is not built: npm test builds it (cmake target inplace_abn_cuda_emulated)',
    );
  }
  return {
    IABN_CUDA_PLUGIN: plugin,
    IABN_CUDNN_LIBRARY: `${BUILD}libcudnn_emulated.so`,
    IABN_CUBLASLT_LIBRARY: `${BUILD}libcublaslt_emulated.so`,
    IABN_NCCL_LIBRARY: `${BUILD}libnccl_emulated.so`,
    IABN_CUDA_ALGORITHMS: '/dev/null',
    IABN_CUDA_WORKSPACE: '1',
  };
}

/** Applies the emulated environment to this process, unless it uses a GPU. */
export function emulate(): void {
  if (!ON_GPU) Object.assign(process.env, emulatedEnvironment());
}
