// @ts-check
// Systems without apt, where nothing is installed automatically. Looks for everything that the build needs,
// and prints the line that installs what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { readStamp, writeStamp } from './stamp.mjs';
import { StepError, say } from './steps.mjs';

const STAMP = '.cache/build-libraries';
const PROBE = '.cache/probe';

/** @typedef {'fedora' | 'arch' | 'ubuntu' | 'macos' | 'windows'} System */

/**
 * Debian's packages as other systems call them; absent where a system has no such package or needs none.
 * @type {Record<string, Partial<Record<System, string>>>}
 */
const ELSEWHERE = {
  cmake: { fedora: 'cmake', arch: 'cmake', macos: 'cmake', windows: 'Kitware.CMake' },
  'ninja-build': { fedora: 'ninja-build', arch: 'ninja', macos: 'ninja', windows: 'Ninja-build.Ninja' },
  'g++': { fedora: 'gcc-c++', arch: 'gcc', windows: 'BrechtSanders.WinLibs.POSIX.UCRT' },
  'libdnnl-dev': { fedora: 'onednn-devel', arch: 'onednn' },
  'libgloo-dev': { fedora: 'gloo-devel' },
  'ocl-icd-opencl-dev': { fedora: 'ocl-icd-devel', arch: 'ocl-icd opencl-headers' },
  'clang-format': { fedora: 'clang-tools-extra', arch: 'clang', macos: 'clang-format', windows: 'LLVM.LLVM' },
};

/** Optional for a build. libdnnl-dev's CMake file requires the OpenCL loader. */
export const ONEDNN_PACKAGES = ['libdnnl-dev', 'ocl-icd-opencl-dev'];

/** @type {Record<System, (packages: string) => string>} */
const LINES = {
  fedora: (packages) => `Fedora: sudo dnf install ${packages}`,
  arch: (packages) => `Arch: sudo pacman -S --needed ${packages}`,
  ubuntu: (packages) => `Ubuntu and Debian: sudo apt-get install -y --no-install-recommends ${packages}`,
  macos: (packages) => `macOS: xcode-select --install; brew install ${packages}`,
  windows: (packages) => `Windows: winget install ${packages}`,
};

/** @type {System[]} */
const WITHOUT_LIBRARIES = ['macos', 'windows'];

/** @type {Map<string, System>} */
const BY_ID = new Map([
  ['fedora', 'fedora'],
  ['rhel', 'fedora'],
  ['arch', 'arch'],
  ['ubuntu', 'ubuntu'],
  ['debian', 'ubuntu'],
]);

/**
 * @param {string} platform  process.platform
 * @param {string} release  text of /etc/os-release
 * @returns {System | undefined} undefined for a system without an install line
 */
export function systemOf(platform, release) {
  if (platform === 'darwin') return 'macos';
  if (platform === 'win32') return 'windows';
  const ids = [...release.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll('"', '').split(' '),
  );
  return ids.map((id) => BY_ID.get(id)).find(Boolean);
}

/**
 * The line that installs packages.
 * @param {System} system
 * @param {string[]} packages  by their Debian names
 */
export function installLine(system, packages) {
  const names = packages.map((name) => (system === 'ubuntu' ? name : ELSEWHERE[name]?.[system]));
  return LINES[system](names.filter(Boolean).join(' '));
}

/**
 * The message for a system that lacks something.
 * @param {string[]} missing  in words
 * @param {System | undefined} system
 * @param {string[]} packages  all that the command needs, by their Debian names
 */
export function missingMessage(missing, system, packages) {
  const systems = system ? [system] : /** @type {System[]} */ (Object.keys(LINES));
  const lines = systems.map((each) => installLine(each, packages));
  if (missing.includes('Gloo') && systems.includes('arch')) {
    lines.push('Arch has no package of Gloo: build facebookincubator/gloo with CMake and install it');
  }
  if (system && WITHOUT_LIBRARIES.includes(system)) {
    lines.push(
      'Projects that install inplace-abn from npm need no compiler: its kernels are prebuilt, or in WebAssembly',
    );
  }
  return `missing: ${missing.join(', ')}. Install it, then run the command again:\n  ${lines.join('\n  ')}`;
}

/**
 * Where a system says which it is: process.platform, and the path of os-release.
 * @typedef {{ platform: string, osRelease: string }} Machine
 */

/** @type {Machine} */
export const THIS_MACHINE = { platform: process.platform, osRelease: '/etc/os-release' };

/**
 * Returns if everything is there, however it was installed; if only oneDNN is missing, it says so and
 * returns.
 * @throws StepError with the line that installs what is missing
 * @param {string[]} packages  by their Debian names
 */
export function ensureBuildTools(packages, { platform, osRelease } = THIS_MACHINE) {
  const release = existsSync(osRelease) ? readFileSync(osRelease, 'utf8') : '';
  const system = systemOf(platform, release);
  const missing = missingTools(packages.includes('clang-format'), system);
  // CMake needs the tools to find libraries. The addons for macOS and Windows need none.
  if (missing.length === 0 && !(system && WITHOUT_LIBRARIES.includes(system)))
    missing.push(...missingLibraries());
  if (missing.length === 0) return;
  if (missing.some((what) => what !== 'oneDNN'))
    throw new StepError(missingMessage(missing, system, packages));
  say(withoutOneDnn(system));
}

/**
 * The line for a build without oneDNN.
 * @param {System | undefined} system
 */
export function withoutOneDnn(system) {
  const how = system ? ` (${installLine(system, ONEDNN_PACKAGES)})` : '';
  return `oneDNN is not installed: our own kernels serve every op, and training is slower. Install it${how}, remove native/build, and run this again for full speed`;
}

/**
 * @param {boolean} clangFormat  whether it is needed, too
 * @param {System | undefined} system
 */
function missingTools(clangFormat, system) {
  const has = (/** @type {string} */ command) => !spawnSync(command, ['--version']).error;
  const windows = system === 'windows';
  const compiler = windows ? 'GCC of MinGW-w64' : 'a C++ compiler';
  // Clang of Visual Studio is on the path, too, but builds for another C library.
  const compilers = windows ? ['g++'] : ['c++', 'g++', 'clang++'];
  return [
    (process.env.CXX ? [process.env.CXX] : compilers).some(has) ? '' : compiler,
    has('cmake') ? '' : 'CMake',
    has('ninja') || (!windows && has('make')) ? '' : 'Ninja',
    clangFormat && !has('clang-format') ? 'clang-format' : '',
  ].filter(Boolean);
}

const LIBRARIES = [
  ['oneDNN', 'dnnl CONFIG', 'dnnl_FOUND'],
  ['Gloo', 'Gloo CONFIG', 'Gloo_FOUND'],
];

/**
 * Libraries that a CMake configuration like the addon's does not find. It takes seconds, so it is not
 * repeated once everything was found.
 */
function missingLibraries() {
  const { PATH, CXX, CMAKE_PREFIX_PATH } = process.env;
  const stamp = [PATH, CXX, CMAKE_PREFIX_PATH].join('\n');
  if (readStamp(STAMP) === stamp) return [];
  mkdirSync(inRoot(PROBE), { recursive: true });
  const lines = LIBRARIES.flatMap(([name, what, found]) => [
    `find_package(${what} QUIET)`,
    `if(NOT ${found})`,
    `  message("missing:${name}")`,
    'endif()',
  ]);
  const project = ['cmake_minimum_required(VERSION 3.20)', 'project(probe LANGUAGES CXX)', ...lines, ''];
  writeFileSync(inRoot(PROBE, 'CMakeLists.txt'), project.join('\n'));
  rmSync(inRoot(PROBE, 'build'), { recursive: true, force: true });
  const args = ['-S', inRoot(PROBE), '-B', inRoot(PROBE, 'build')];
  const { stderr, status } = spawnSync('cmake', args, { encoding: 'utf8' });
  const missing = [...stderr.matchAll(/^missing:(\w+)$/gm)].map(([, name = '']) => name);
  if (status !== 0) throw new StepError(`CMake cannot configure a project with this compiler:\n${stderr}`);
  if (missing.length === 0) writeStamp(STAMP, stamp);
  return missing;
}
