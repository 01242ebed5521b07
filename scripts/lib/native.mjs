// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { cudaOptions, findCuda } from './cuda.mjs';
import { BUILD_PACKAGES, installedPackages } from './debian.mjs';
import { inRoot } from './paths.mjs';
import { filesUnder, hashOf, readStamp, writeStamp } from './stamp.mjs';
import { runLogged, say, step } from './steps.mjs';

/** The folder of this checkout's build. */
export const CHECKOUT_BUILD = 'native/build';

/**
 * Builds the native addon unless sources, options and libraries are those of the last build.
 * @param {{ folder?: string, further?: string[], inputs?: string[], packages?: string[] }} [build]  folder; further options of
 * cmake-js; further files and Debian packages that the result depends on. Paths are relative to the root
 */
export async function ensureNativeAddon({
  folder = CHECKOUT_BUILD,
  further = [],
  inputs = [],
  packages = [],
} = {}) {
  if (!existsSync(inRoot('native', 'CMakeLists.txt'))) return;
  const sources = filesUnder('native', ['build', 'build-wasm', 'node_modules', 'wasm']);
  const options = [...cudaOptions(process.env, findCuda()), ...further];
  const [stamp, addon] = [`${folder}/.stamp`, `${folder}/Release/inplace_abn.node`];
  const [configuration, contents] = [configurationHash(options, packages), hashOf([...sources, ...inputs])];
  if (readStamp(stamp) === `${configuration}\n${contents}\n` && existsSync(inRoot(addon))) return;

  await step(options.length > further.length ? 'native addon and CUDA plugin' : 'native addon', async () => {
    // cmake-js does not reconfigure an existing build folder.
    if (!readStamp(stamp).startsWith(configuration)) rmSync(inRoot(folder), { recursive: true, force: true });
    const args = ['cmake-js', 'build', '--out', inRoot(folder), '--config', 'Release', ...options];
    // The default is Visual Studio, whose compiler lacks the vector extensions of GCC and Clang.
    if (process.platform === 'win32') args.push('--generator', 'Ninja');
    await runLogged('native-build', 'npx', args, { cwd: inRoot('native') });
  });
  writeStamp(stamp, `${configuration}\n${contents}\n`);
}

const EMULATED = ['inplace_abn_cuda_emulated', 'cudnn_emulated', 'cublaslt_emulated', 'nccl_emulated'];

/** Builds the CUDA device's sources for the CPU, on which the tests run them. */
export async function buildEmulatedDevice() {
  await step('emulated CUDA device', () =>
    runLogged('emulated-cuda', 'cmake', ['--build', inRoot(CHECKOUT_BUILD), '--target', ...EMULATED]),
  );
}

/**
 * The addon on our own kernels. It is linked from the objects of the usual addon, except those of
 * native/cpu/onednn and native/cpu/openmp.
 */
export const OWN_KERNELS = `${CHECKOUT_BUILD}/own-kernels/inplace_abn.node`;

const OWN = [
  ...['inplace_abn_own_kernels', 'processor_of_cpuinfo'],
  ...['threads_of_pool', 'threads_of_pool_sanitized', 'threads_of_openmp'],
];

/** Builds the addon without oneDNN and OpenMP, and the programs that check what no addon shows. */
export async function buildOwnKernels() {
  await step('addon without oneDNN and OpenMP', () =>
    runLogged('own-kernels', 'cmake', ['--build', inRoot(CHECKOUT_BUILD), '--target', ...OWN]),
  );
}

const WASM_BUILD = 'native/build-wasm';
/** The addon in WebAssembly. */
export const WASM_ADDON = `${WASM_BUILD}/inplace_abn.wasm`;
const WASM_STAMP = `${WASM_BUILD}/.stamp`;

const wasmSources = () => hashOf(filesUnder('native', ['build', 'build-wasm', 'node_modules']));

/** Removes an addon in WebAssembly that is of other sources: it would not do what the packages expect. */
export function dropStaleWasm() {
  if (!existsSync(inRoot(WASM_ADDON)) || readStamp(WASM_STAMP) === wasmSources()) return;
  rmSync(inRoot(WASM_ADDON));
  say(`! removed ${WASM_ADDON}, which was built from other sources: to rebuild it, run \`npm run wasm\``);
}

/**
 * Builds the addon in WebAssembly if Emscripten is installed.
 * @returns {Promise<boolean>} whether it is
 */
export async function buildWasm() {
  if (spawnSync('emcc', ['--version']).error) {
    say(
      '! the addon in WebAssembly is not built: that takes Emscripten (Debian: apt-get install emscripten)',
    );
    return false;
  }
  const sources = wasmSources();
  await step('addon in WebAssembly', async () => {
    const folders = ['-S', inRoot('native', 'wasm'), '-B', inRoot(WASM_BUILD)];
    await runLogged('wasm-configure', 'emcmake', ['cmake', ...folders, '-G', 'Ninja']);
    await runLogged('wasm-build', 'cmake', ['--build', inRoot(WASM_BUILD)]);
  });
  writeStamp(WASM_STAMP, sources);
  return true;
}

/**
 * Hash of inputs that an existing build folder does not track: build options, and versions of libraries and
 * compilers. CMake tracks sources and CMakeLists.txt itself.
 * @param {string[]} options
 * @param {string[]} packages  further ones
 */
function configurationHash(options, packages) {
  const versions = [...(installedPackages([...BUILD_PACKAGES, ...packages]) ?? [])].map(
    ([name, version]) => `${name} ${version}`,
  );
  const settings = ['CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'CUDACXX', 'CUDAFLAGS'].map(
    (name) => process.env[name] ?? '',
  );
  return hashOf(['native/package.json'], [...versions.sort(), ...settings, ...options]);
}
