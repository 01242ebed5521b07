// @ts-check
// Builds the oneDNN that is linked into the packaged addon: a static library for CPUs only, with the
// primitives that our kernels call. Debian's has an OpenCL engine and every primitive, and is twice as large.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { hashOf, readStamp, writeStamp } from '../../scripts/lib/stamp.mjs';
import { runLogged, StepError, step } from '../../scripts/lib/steps.mjs';

/** Debian 12's version, so that packages compute the same bits as a checkout there. */
const VERSION = '2.6.3';
const TARBALL = `onednn_${VERSION}.orig.tar.gz`;
/** Digest of that file, and of GitHub's archive of the version. */
const SHA256 = 'fd47d2470000b5015f6e34134f799683050f81cbc04f53a3b0d323df1bb900bc';
const FOLDER = inRoot('.cache', 'onednn');
/** An inner product computes convolutions whose weights are as large as their images. */
const PRIMITIVES = ['CONVOLUTION', 'INNER_PRODUCT', 'MATMUL', 'REORDER'];
/** Files of other primitives, which would only take time to compile. Packing fails if the addon needs one. */
const OTHERS =
  /\/(rnn|lrn|prelu|shuffle)\/[^/]+\.cpp$|\/(?!cpu_)\w*(batch_normalization|_binary|concat|deconvolution|_eltwise|layer_normalization|lrn|pool|prelu|reduction|resampling|shuffle|softmax|(?<!_copy)_sum)\w*(?<!_utils|_injector)\.cpp$/;
/** Keeps the build folder out of the binary, and lets the linker drop functions that nothing calls. */
const FLAGS = `-ffunction-sections -fdata-sections -ffile-prefix-map=${FOLDER}=.`;
const OPTIONS = {
  CMAKE_BUILD_TYPE: 'Release',
  CMAKE_C_FLAGS: FLAGS,
  CMAKE_CXX_FLAGS: FLAGS,
  // -O3 would be a fifth larger, and the kernels that matter are generated at run time.
  CMAKE_CXX_FLAGS_RELEASE: '-O2 -DNDEBUG',
  CMAKE_INSTALL_PREFIX: FOLDER,
  CMAKE_INSTALL_LIBDIR: 'lib',
  DNNL_LIBRARY_TYPE: 'STATIC',
  DNNL_ENABLE_PRIMITIVE: PRIMITIVES.join(';'),
  // Compiled code is for any x86-64; kernels are generated at run time for the CPU at hand.
  DNNL_ARCH_OPT_FLAGS: '',
  DNNL_BUILD_EXAMPLES: 'OFF',
  DNNL_BUILD_TESTS: 'OFF',
  DNNL_ENABLE_ITT_TASKS: 'OFF',
  DNNL_ENABLE_JIT_PROFILING: 'OFF',
};

const BUILT = { cmakeFiles: path.join(FOLDER, 'lib/cmake/dnnl'), stamp: '.cache/onednn/stamp' };

/**
 * Builds oneDNN unless this version is built, which takes 20 minutes on one core.
 * @returns {Promise<typeof BUILT>} the folder for CMake's `dnnl_DIR`, and a file that differs between builds
 */
export async function buildOnednn() {
  const inputs = hashOf(['tools/release/onednn.mjs']);
  if (readStamp(BUILT.stamp) === inputs) return BUILT;
  const [sources, build] = [path.join(FOLDER, 'sources'), path.join(FOLDER, 'build')];
  await step(`sources of oneDNN ${VERSION}`, () => bringSources(sources));
  const options = Object.entries(OPTIONS).map(([name, value]) => `-D${name}=${value}`);
  await step('oneDNN', async () => {
    await runLogged('onednn-configure', 'cmake', ['-S', sources, '-B', build, '-G', 'Ninja', ...options]);
    await runLogged('onednn-build', 'cmake', ['--build', build]);
    await runLogged('onednn-install', 'cmake', ['--install', build]);
  });
  writeStamp(BUILT.stamp, inputs);
  return BUILT;
}

/** @param {string} folder  where the sources to compile are unpacked */
async function bringSources(folder) {
  const tarball = path.join(FOLDER, TARBALL);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(tarball)) await download(tarball);
  const found = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  if (found !== SHA256) throw new StepError(`${tarball} has SHA-256 ${found}, not ${SHA256}: remove it`);
  await runLogged('onednn-sources', 'tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  for (const file of readdirSync(path.join(folder, 'src/cpu'), { encoding: 'utf8', recursive: true })) {
    if (isOfOtherPrimitive(`src/cpu/${file}`)) rmSync(path.join(folder, 'src/cpu', file));
  }
}

/**
 * @param {string} file  of src/cpu
 * @returns {boolean} whether the primitives that our kernels call do not need it
 */
export const isOfOtherPrimitive = (file) => OTHERS.test(file);

/**
 * Downloads from the mirror of libdnnl-dev, where Debian keeps the sources next to the package.
 * @param {string} tarball
 */
async function download(tarball) {
  const { stdout } = spawnSync('apt-get', ['download', '--print-uris', 'libdnnl-dev'], { encoding: 'utf8' });
  const url = sourcesUrl(stdout ?? '');
  const helper = '/usr/lib/apt/apt-helper';
  try {
    await runLogged('onednn-download', helper, ['download-file', url, tarball, `SHA256:${SHA256}`]);
  } catch (error) {
    throw new StepError(
      `${error instanceof Error ? error.message : error}\n${url} cannot be had. Put the file, or GitHub's ` +
        `oneapi-src/oneDNN/archive/refs/tags/v${VERSION}.tar.gz, which is the same, at ${tarball}`,
    );
  }
}

/**
 * @param {string} uris  of `apt-get download --print-uris libdnnl-dev`
 * @returns {string} the sources' URL
 * @throws {StepError} if apt names no mirror
 */
export function sourcesUrl(uris) {
  const binary = /^'(\S+)'/m.exec(uris)?.[1];
  if (!binary) throw new StepError('apt knows no mirror that has libdnnl-dev: run apt-get update');
  return new URL(TARBALL, binary).href;
}
