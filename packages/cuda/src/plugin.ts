/** Finds the plugin: an explicit path, a prebuilt platform package, or a local build. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '@inplace-abn/core';

const FILE = 'inplace_abn_cuda.so';

/**
 * Path of the plugin.
 *
 * @throws UsageError with the fix if there is none
 */
export function pluginPath(): string {
  const chosen = process.env.IABN_CUDA_PLUGIN;
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    throw new UsageError(`IABN_CUDA_PLUGIN names ${chosen}, which does not exist`);
  }
  const found = localBuild(dirname(fileURLToPath(import.meta.url))) ?? prebuilt();
  if (found) return found;
  throw new UsageError(
    'the CUDA plugin is not built: run `IABN_FORCE_CUDA=1 npm run setup` in the repository (it needs nvcc), ' +
      'or set IABN_CUDA_PLUGIN to the path of a built inplace_abn_cuda.so',
  );
}

/** native/build/Release of the repository that contains this file, if any. */
function localBuild(start: string): string | null {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'native', 'build', 'Release', FILE);
    if (existsSync(file)) return file;
  }
  return null;
}

function prebuilt(): string | null {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(`@inplace-abn/native-cuda-${process.platform}-${process.arch}/${FILE}`);
  } catch {
    return null;
  }
}
