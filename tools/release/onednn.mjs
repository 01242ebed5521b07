// @ts-check
// Builds the oneDNN that packages bring: for CPUs alone, with the primitives that kernels call, as a static library.
// Debian's brings an OpenCL engine and every primitive, four times as many bytes.
//
//   node tools/release/onednn.mjs [TARBALL]       downloads the sources unless they are given
//   dnnl_DIR=$PWD/.cache/onednn/lib/cmake/dnnl npm run pack
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { runLogged, runMain, StepError, say, step } from '../../scripts/lib/steps.mjs';

/** Debian 12's, so that packages compute what a checkout there computes. */
const VERSION = '2.6.3';
const URL = `https://github.com/oneapi-src/oneDNN/archive/refs/tags/v${VERSION}.tar.gz`;
/** Of Debian's onednn_2.6.3.orig.tar.gz, too. */
const SHA256 = 'fd47d2470000b5015f6e34134f799683050f81cbc04f53a3b0d323df1bb900bc';
const FOLDER = inRoot('.cache', 'onednn');
const PRIMITIVES = ['CONVOLUTION', 'MATMUL', 'REORDER'];
/** Files of other primitives, which only take time to compile; the linker reports one that is missing after all. */
const OTHERS =
  /\/(rnn|lrn|prelu|shuffle)\/[^/]+\.cpp$|\/(?!cpu_)\w*(batch_normalization|_binary|concat|deconvolution|_eltwise|inner_product|layer_normalization|lrn|pool|prelu|reduction|resampling|shuffle|softmax|_sum)\w*(?<!_utils|_injector)\.cpp$/;
/** Where a program runs is none of its contents; what nothing calls can be left out when it is linked. */
const FLAGS = `-ffunction-sections -fdata-sections -ffile-prefix-map=${FOLDER}=.`;
const OPTIONS = {
  CMAKE_BUILD_TYPE: 'Release',
  CMAKE_C_FLAGS: FLAGS,
  CMAKE_CXX_FLAGS: FLAGS,
  // Not -O3, which is a fifth larger: the kernels that matter are made at run time.
  CMAKE_CXX_FLAGS_RELEASE: '-O2 -DNDEBUG',
  CMAKE_INSTALL_PREFIX: FOLDER,
  CMAKE_INSTALL_LIBDIR: 'lib',
  DNNL_LIBRARY_TYPE: 'STATIC',
  DNNL_ENABLE_PRIMITIVE: PRIMITIVES.join(';'),
  // Nothing beyond x86-64 in code that the compiler makes; kernels are made at run time for the CPU at hand.
  DNNL_ARCH_OPT_FLAGS: '',
  DNNL_BUILD_EXAMPLES: 'OFF',
  DNNL_BUILD_TESTS: 'OFF',
  DNNL_ENABLE_ITT_TASKS: 'OFF',
  DNNL_ENABLE_JIT_PROFILING: 'OFF',
};

await runMain(async () => {
  const sources = path.join(FOLDER, 'sources');
  const build = path.join(FOLDER, 'build');
  const tarball = path.join(FOLDER, `oneDNN-${VERSION}.tar.gz`);
  mkdirSync(sources, { recursive: true });
  await step(`sources of oneDNN ${VERSION}`, async () => {
    await bring(process.argv[2], tarball);
    await runLogged('onednn-sources', 'tar', ['-xzf', tarball, '-C', sources, '--strip-components=1']);
    for (const file of readdirSync(path.join(sources, 'src/cpu'), { encoding: 'utf8', recursive: true })) {
      if (OTHERS.test(`/${file}`)) rmSync(path.join(sources, 'src/cpu', file));
    }
  });
  const options = Object.entries(OPTIONS).map(([name, value]) => `-D${name}=${value}`);
  await step('oneDNN', async () => {
    await runLogged('onednn-configure', 'cmake', ['-S', sources, '-B', build, '-G', 'Ninja', ...options]);
    await runLogged('onednn-build', 'cmake', ['--build', build]);
    await runLogged('onednn-install', 'cmake', ['--install', build]);
  });
  say(`dnnl_DIR=${path.join(FOLDER, 'lib/cmake/dnnl')}`);
});

/**
 * @param {string | undefined} given  a tarball, instead of the one to download
 * @param {string} tarball  where it is to lie
 */
async function bring(given, tarball) {
  if (given) cpSync(given, tarball);
  if (!existsSync(tarball)) {
    const response = await fetch(URL);
    if (!response.ok) throw new StepError(`${URL}: ${response.status} ${response.statusText}`);
    writeFileSync(tarball, Buffer.from(await response.arrayBuffer()));
  }
  const found = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  if (found === SHA256) return;
  rmSync(tarball);
  throw new StepError(`${given ?? URL} has SHA-256 ${found}, not ${SHA256}`);
}
