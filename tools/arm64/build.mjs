// @ts-check
// Cross-builds the addon for Linux on ARM, on our own kernels, without oneDNN.
import { ensureSystemPackages } from '../../scripts/lib/debian.mjs';
import { ensureNativeAddon } from '../../scripts/lib/native.mjs';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { ensureSysroot, SYSROOT } from './sysroot.mjs';

const FOLDER = '.cache/native-arm64';
const PACKAGES = ['cmake', 'ninja-build', 'crossbuild-essential-arm64'];
/** The compiler and the C++ library that it links with. */
const COMPILER = ['g++-12-aarch64-linux-gnu', 'g++-14-aarch64-linux-gnu'];
const OPTIONS = [
  `--CDCMAKE_TOOLCHAIN_FILE=${inRoot('native', 'arm64.cmake')}`,
  `--CDIABN_SYSROOT=${SYSROOT}`,
  '--CDIABN_ONEDNN=OFF',
  '--CDIABN_CUDA=OFF',
];

/**
 * Builds the addon unless it is up to date.
 * @returns {Promise<string>} folder of the build, relative to the root
 */
export async function buildArm64() {
  await ensureSystemPackages(PACKAGES);
  await ensureSysroot();
  await ensureNativeAddon({
    folder: FOLDER,
    further: OPTIONS,
    inputs: ['tools/arm64/sysroot.mjs'],
    packages: COMPILER,
  });
  return FOLDER;
}
