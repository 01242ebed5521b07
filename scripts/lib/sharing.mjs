// @ts-check
// Which test files may share a process. Starting one and importing the sources takes longer than most files'
// tests.
import { readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { filesUnder } from './stamp.mjs';

/** Folders whose tests train at most small networks, in their own process. */
const SHARING = ['bench', 'packages', 'scripts', 'tools'];

/** Excluded, because its helpers choose an emulated device for the whole process. */
const CUDA = 'packages/cuda/';

/** Signs of a file that changes its process for the next one, or needs one that nothing has changed. */
const ALONE = [
  // Modules, timers and globals that are replaced.
  /\bvi\.(mock|doMock|resetModules|useFakeTimers|stubEnv|stubGlobal)\(/,
  // The kernel tests' device.
  /\btestOn\(/,
  // The folder, the exit code and the environment.
  /\bprocess\.(chdir|exitCode)\b/,
  /\bprocess\.env\b[^\n]* = /,
  /\bObject\.assign\(process\.env/,
  // The libraries that are loaded, and warnings that come once.
  /\/proc\/self/,
  /\bemitWarning\b/,
  // The world group.
  /\b(setWorldGroup|initProcessGroup)\(/,
];

/**
 * Whether a test file needs a process of its own.
 * @param {string} source
 */
export const runsAlone = (source) => ALONE.some((sign) => sign.test(source));

/**
 * Test files that may share a process, long ones too.
 * @returns {string[]} paths relative to the root
 */
export function sharingFiles() {
  return SHARING.flatMap((folder) =>
    filesUnder(folder, ['node_modules', 'build', 'dist', 'fixtures', 'template']),
  )
    .filter((file) => /\.test\.(ts|mjs)$/.test(file) && !file.startsWith(CUDA))
    .filter((file) => !runsAlone(readFileSync(inRoot(file), 'utf8')));
}
