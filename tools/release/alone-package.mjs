// @ts-check
// Fills the folder of a platform package whose addon needs only system libraries: for macOS and Windows.
import { copyFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { StepError } from '../../scripts/lib/steps.mjs';
import { OF_THIS_SYSTEM } from './libraries.mjs';
import { compiledInLicenses } from './licenses.mjs';
import { ADDON, beginPackage, run, writeFilesManifest } from './native-package.mjs';

const MINGW = 'x86_64-w64-mingw32';
/** The libraries of GCC and MinGW-w64 that are linked into the addon for Windows. */
const OF_MINGW = ['libstdc++.a', 'libgcc.a', 'libwinpthread.a'];

/**
 * @typedef {object} System
 * @property {string[][]} finish  commands that turn the built file into the packed one, without the file's name
 * @property {string[]} list  command that lists the libraries a file is linked with, without the file's name
 * @property {RegExp} line  matches a line of that list, with the library's name as its group
 * @property {RegExp} ofSystem  names of libraries that every such system has
 * @property {() => import('./libraries.mjs').Package[]} linked  packages of the libraries linked into the addon
 */

/** @type {System} */
export const MACOS = {
  // Stripping invalidates the signature, and macOS loads only signed code.
  finish: [
    ['strip', '-x'],
    ['codesign', '--force', '--sign', '-'],
  ],
  list: ['otool', '-L'],
  line: /^\t(\S+) \(/gm,
  ofSystem: /^(\/usr\/lib|\/System\/Library)\/|^@rpath\/inplace_abn\.node$/,
  linked: () => [],
};

/** @type {System} */
export const WINDOWS = {
  // -p keeps the file's time stamp; without it, strip writes the current time into the header.
  finish: [[`${MINGW}-strip`, '-p']],
  list: [`${MINGW}-objdump`, '-p'],
  line: /^\s*DLL Name: (\S+)$/gm,
  // Not node.exe, which would lock out Electron, Bun and Deno (native/platform/windows.cc).
  ofSystem: /^(kernel32|advapi32|msvcrt)\.dll$/i,
  linked: () =>
    OF_MINGW.map((name) => {
      const file = run(`${MINGW}-g++-posix`, [`-print-file-name=${name}`]).trim();
      return OF_THIS_SYSTEM.packageOf(realpathSync(file));
    }),
};

/**
 * @param {string} member  folder of the package in the checkout
 * @param {string} folder  made anew
 * @param {string} build  folder of the addon's build, relative to the root
 * @param {System} system
 */
export function fillAlonePackage(member, folder, build, system) {
  beginPackage(member, folder);
  const addon = path.join(folder, ADDON);
  copyFileSync(inRoot(build, 'Release', ADDON), addon);
  for (const command of system.finish) call(command, addon);
  assertAlone(call(system.list, addon), system);
  writeFilesManifest(folder, [ADDON]);
  writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES'), compiledInLicenses(system.linked()));
}

/**
 * @param {string[]} command
 * @param {string} file
 */
const call = ([program = '', ...args], file) => run(program, [...args, file]);

/**
 * @param {string} list  of the libraries that the addon is linked with
 * @param {System} system
 * @throws {StepError} if the list is empty, or has libraries that are not the system's
 */
export function assertAlone(list, { line, ofSystem }) {
  const names = [...list.matchAll(line)].map(([, name = '']) => name);
  const others = names.filter((name) => !ofSystem.test(name));
  if (others.length > 0) throw new StepError(`${ADDON} needs ${others.join(', ')}, which no package has`);
  if (names.length === 0) throw new StepError(`no library of ${ADDON} is listed:\n${list}`);
}
