// @ts-check
// Cross-builds the addon for Windows on x64 with Debian's MinGW-w64, without oneDNN, OpenMP and Gloo.
import { ensureSystemPackages } from '../../scripts/lib/debian.mjs';
import { ensureNativeAddon } from '../../scripts/lib/native.mjs';
import { inRoot } from '../../scripts/lib/paths.mjs';

const FOLDER = '.cache/native-windows';
/** The compiler, with the C library's threads. */
const COMPILER = 'g++-mingw-w64-x86-64-posix';

/**
 * Builds the addon unless it is up to date.
 * @returns {Promise<string>} folder of the build, relative to the root
 */
export async function buildWindows() {
  await ensureSystemPackages(['cmake', 'ninja-build', COMPILER]);
  await ensureNativeAddon({
    folder: FOLDER,
    further: [`--CDCMAKE_TOOLCHAIN_FILE=${inRoot('native', 'windows.cmake')}`, '--CDIABN_CUDA=OFF'],
    packages: [COMPILER],
  });
  return FOLDER;
}
