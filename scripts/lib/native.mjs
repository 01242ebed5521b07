// @ts-check
import { existsSync, rmSync } from 'node:fs';
import { cudaOptions, findCuda } from './cuda.mjs';
import { BUILD_PACKAGES, installedPackages } from './debian.mjs';
import { inRoot } from './paths.mjs';
import { filesUnder, hashOf, readStamp, writeStamp } from './stamp.mjs';
import { runLogged, step } from './steps.mjs';

const STAMP = 'native/build/.stamp';
const ADDON = 'native/build/Release/inplace_abn.node';

/** Builds the native addon unless sources, options and libraries are those of the last build. */
export async function ensureNativeAddon() {
  if (!existsSync(inRoot('native', 'CMakeLists.txt'))) return;
  const sources = filesUnder('native', ['build', 'node_modules']);
  const options = cudaOptions(process.env, findCuda());
  const [configuration, contents] = [configurationHash(options), hashOf(sources)];
  if (readStamp(STAMP) === `${configuration}\n${contents}\n` && existsSync(inRoot(ADDON))) return;

  await step(options.length > 0 ? 'native addon and CUDA plugin' : 'native addon', async () => {
    // cmake-js builds on in an existing cache without configuring it again.
    if (!readStamp(STAMP).startsWith(configuration))
      rmSync(inRoot('native', 'build'), { recursive: true, force: true });
    const args = ['run', 'compile', ...(options.length > 0 ? ['--', ...options] : [])];
    await runLogged('native-build', 'npm', args, { cwd: inRoot('native') });
  });
  writeStamp(STAMP, `${configuration}\n${contents}\n`);
}

const EMULATED = ['inplace_abn_cuda_emulated', 'cudnn_emulated', 'cublaslt_emulated', 'nccl_emulated'];

/** Builds the CUDA device's sources for the CPU, where the tests run them. */
export async function buildEmulatedDevice() {
  await step('emulated CUDA device', () =>
    runLogged('emulated-cuda', 'cmake', ['--build', inRoot('native', 'build'), '--target', ...EMULATED]),
  );
}

/**
 * Inputs that an existing build folder does not track: build options, library and compiler versions. Sources and
 * CMakeLists.txt it follows by itself.
 * @param {string[]} options
 */
function configurationHash(options) {
  const versions = [...(installedPackages(BUILD_PACKAGES) ?? [])].map(
    ([name, version]) => `${name} ${version}`,
  );
  const settings = ['CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'CUDACXX', 'CUDAFLAGS', 'dnnl_DIR'].map(
    (name) => process.env[name] ?? '',
  );
  return hashOf(['native/package.json'], [...versions.sort(), ...settings, ...options]);
}
