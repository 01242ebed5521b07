// @ts-check
// Fills the folder of a platform package with the addon of this checkout and the libraries that a bare system
// lacks.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { StepError, say } from '../../scripts/lib/steps.mjs';
import { Elf, newestVersion } from './elf.mjs';
import { emscriptenLicenses, hasOnednn, onednnLicense, thirdPartyLicenses } from './licenses.mjs';

export const ADDON = 'inplace_abn.node';
const OWN = [ADDON, 'inplace_abn_gloo.so'];

/** Libraries that every system with Node has. */
const OF_THE_SYSTEM = /^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so)/;
/** Dependencies of the libraries that our kernels never call: for GPUs, InfiniBand and Redis. */
const LEFT_OUT = /^lib(OpenCL|ibverbs|hiredis)\.so/;

/**
 * @param {string} member  folder of the package in the checkout
 * @param {string} folder  made anew
 * @param {string} build  folder of the addon's build, relative to the root
 * @param {import('./libraries.mjs').Libraries} system  whose libraries it is linked with
 */
export function fillNativePackage(member, folder, build, system) {
  const release = inRoot(build, 'Release');
  beginPackage(member, folder);

  const libraries = new Map(OWN.flatMap((name) => [...librariesOf(path.join(release, name), system)]));
  /** @type {string[]} */
  const changes = [];
  for (const name of OWN) {
    copyFileSync(path.join(release, name), path.join(folder, name));
    run(system.strip, [path.join(folder, name)]);
  }
  for (const [name, file] of libraries) {
    writeFileSync(path.join(folder, name), readFileSync(file));
    changes.push(...lighten(path.join(folder, name), libraries));
  }
  const packed = [...libraries.keys()].filter((name) => !LEFT_OUT.test(name));
  for (const name of libraries.keys()) {
    if (!packed.includes(name)) rmSync(path.join(folder, name));
  }
  const files = [...OWN, ...packed].sort();
  assertComplete(folder, files);
  const released = !packed.some((name) => name.startsWith('libdnnl'));
  checkOldest(member, folder, { files, released });
  writeFilesManifest(folder, files);
  const sources = packed.map((name) => system.packageOf(realpathSync(libraries.get(name) ?? name)));
  const compiledIn = released && hasOnednn(build);
  if (compiledIn) assertOnednn(path.join(folder, ADDON));
  const texts = compiledIn ? [onednnLicense(build)] : [];
  writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES'), thirdPartyLicenses(sources, changes, texts));
}

/**
 * Fills the folder of the WebAssembly package.
 * @param {string} member  folder of the package in the checkout
 * @param {string} folder  made anew
 * @param {string} addon  relative to the root
 */
export function fillWasmPackage(member, folder, addon) {
  beginPackage(member, folder);
  const name = path.basename(addon);
  copyFileSync(inRoot(addon), path.join(folder, name));
  writeFilesManifest(folder, [name]);
  writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES'), emscriptenLicenses());
}

/**
 * Copies the files that every package has.
 * @param {string} member
 * @param {string} folder  made anew
 */
export function beginPackage(member, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'README.md']) {
    copyFileSync(inRoot(member, name), path.join(folder, name));
  }
  copyFileSync(inRoot('LICENSE'), path.join(folder, 'LICENSE'));
}

/**
 * Removes dependencies that are never called.
 * @param {string} file
 * @param {Map<string, string>} libraries
 * @returns {string[]} what was changed, in sentences
 */
function lighten(file, libraries) {
  const elf = new Elf(readFileSync(file));
  const name = path.basename(file);
  const unused = elf.needed().filter((needed) => LEFT_OUT.test(needed));
  if (unused.length === 0) return [];
  elf.leaveOut(new Map(unused.map((needed) => [needed, exportsOf(libraries.get(needed) ?? '')])));
  writeFileSync(file, elf.bytes);
  return [`${name} loads without ${unused.join(' and ')}; what calls them there ends the process.`];
}

/**
 * @param {string} file
 * @returns {Set<string>} names of the symbols that a library has
 */
function exportsOf(file) {
  const symbols = new Elf(readFileSync(file)).symbols();
  return new Set(symbols.filter(({ defined }) => defined).map(({ name }) => name));
}

/**
 * Paths by name of the libraries that a file is linked with, directly or indirectly. Leaves out libraries
 * that every system has, and those that only left-out libraries need.
 * @param {string} file
 * @param {import('./libraries.mjs').Libraries} system
 * @returns {Map<string, string>}
 */
function librariesOf(file, system) {
  const paths = system.pathsFor(file);
  /** @type {Map<string, string>} */
  const found = new Map();
  const visit = (/** @type {string} */ from) => {
    for (const name of new Elf(readFileSync(from)).needed()) {
      const at = paths.get(name);
      if (OF_THE_SYSTEM.test(name) || found.has(name)) continue;
      if (!at) throw new StepError(`${from} needs ${name}, which is not there`);
      found.set(name, at);
      if (!LEFT_OUT.test(name)) visit(at);
    }
  };
  visit(file);
  return found;
}

/**
 * @param {string} folder
 * @param {string[]} files
 */
function assertComplete(folder, files) {
  for (const file of files) {
    const needed = new Elf(readFileSync(path.join(folder, file))).needed();
    const missing = needed.filter((name) => !OF_THE_SYSTEM.test(name) && !files.includes(name));
    if (missing.length > 0) throw new StepError(`${file} needs ${missing.join(', ')}`);
  }
}

/**
 * Undefined symbols do not fail the link, because Node defines some at run time. So looks for those of
 * oneDNN.
 * @param {string} addon  with a oneDNN compiled in
 */
function assertOnednn(addon) {
  const symbols = new Elf(readFileSync(addon)).symbols();
  const lost = symbols.filter(({ name, defined }) => !defined && /^(_ZNK?4dnnl|dnnl_)/.test(name));
  if (lost.length > 0) {
    throw new StepError(`oneDNN is built without ${lost.map(({ name }) => name).join(', ')}`);
  }
}

/**
 * Checks that the files of a release need the versions of the C and C++ libraries that the package's README
 * states. Files packed with the system's oneDNN are for systems like this one: a difference is only reported.
 * @param {string} member
 * @param {string} folder
 * @param {{ files: string[], released: boolean }} packed
 */
function checkOldest(member, folder, { files, released }) {
  const libraries = files.map((file) => new Elf(readFileSync(path.join(folder, file))));
  const found = ['GLIBC', 'GLIBCXX'].map((prefix) => `${prefix} ${newestVersion(libraries, prefix)}`);
  const stated = statedVersions(readFileSync(inRoot(member, 'README.md'), 'utf8'));
  if (found.join() === stated.join()) return;
  const problem = `the files ask for ${found.join(' and ')}; ${member}/README.md states ${stated.join(' and ')}`;
  if (released) throw new StepError(problem);
  say(`! ${problem}: install them on systems as new as this one`);
}

/**
 * @param {string} readme
 * @returns {string[]}
 */
export function statedVersions(readme) {
  return ['GLIBC', 'GLIBCXX'].map((prefix) => {
    return `${prefix} ${new RegExp(`\\b${prefix}_([\\d.]+)`).exec(readme)?.[1]}`;
  });
}

/**
 * Size and SHA-256 of each file, which @inplace-abn/core checks.
 * @param {string} folder
 * @param {string[]} files
 */
export function writeFilesManifest(folder, files) {
  const described = Object.fromEntries(
    files.map((file) => {
      const bytes = readFileSync(path.join(folder, file));
      return [file, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
    }),
  );
  writeFileSync(path.join(folder, 'files.json'), `${JSON.stringify(described, null, 2)}\n`);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string} its output
 */
export function run(command, args) {
  // A symbol list takes megabytes.
  const options = { encoding: /** @type {const} */ ('utf8'), maxBuffer: 2 ** 28 };
  const { status, error, stderr, stdout } = spawnSync(command, args, options);
  if (status !== 0) throw new StepError(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}
