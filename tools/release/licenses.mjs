// @ts-check
// The licenses of the libraries in the native packages: from Debian's copyright files, or from the library
// itself if we compile it in.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';

const RULE = `\n\n${'='.repeat(78)}\n\n`;
const HEADER_ONLY = 'native/node_modules/node-addon-api/LICENSE.md';

/**
 * @param {import('./libraries.mjs').Package[]} packages  of the libraries
 * @param {string[]} changes  how the packed ones differ, in sentences
 * @param {string[]} compiledIn  texts on libraries that are part of the addon
 */
export function thirdPartyLicenses(packages, changes, compiledIn) {
  const parts = packages.map(partOf);
  return [
    `The kernels are linked with the libraries below. ${['Changes:', ...changes].join('\n- ')}`,
    ...parts,
    ...compiledIn,
    nodeAddonApi(),
    ...commonLicenses(parts.join('\n')),
  ].join(RULE);
}

/**
 * Licenses for an addon with statically linked libraries.
 * @param {import('./libraries.mjs').Package[]} packages  Debian packages of these libraries
 */
export function compiledInLicenses(packages) {
  const parts = packages.map(partOf);
  return [
    'The addon contains the libraries below, unchanged.',
    ...parts,
    nodeAddonApi(),
    ...commonLicenses(parts.join('\n')),
  ].join(RULE);
}

/** @param {import('./libraries.mjs').Package} library */
function partOf({ file, name, version, source, copyright }) {
  const home = `Source: package ${source} ${version} of Debian, https://sources.debian.org/src/${source}/`;
  return [`${file.split('/').pop()}, of Debian's package ${name}`, home, copyright].join('\n\n');
}

const nodeAddonApi = () => `node-addon-api (compiled in)\n\n${readFileSync(inRoot(HEADER_ONLY), 'utf8')}`;

/** Debian's copyright file; other installations of Emscripten do not have it. */
export const EMSCRIPTEN_COPYRIGHT = '/usr/share/doc/emscripten/copyright';

/**
 * Licenses of the C and C++ libraries that Emscripten links into the WebAssembly addon, with the rest of
 * Debian's copyright file of Emscripten.
 */
export function emscriptenLicenses() {
  const copyright = readFileSync(EMSCRIPTEN_COPYRIGHT, 'utf8');
  const intro =
    'The kernels are linked with libraries of Emscripten: musl (system/lib/libc/musl), libc++, libc++abi, libunwind and compiler-rt of LLVM, and dlmalloc.';
  return [intro, copyright, ...commonLicenses(copyright)].join(RULE);
}

/**
 * The licenses that a text refers to by their paths in Debian.
 * @param {string} text
 */
function commonLicenses(text) {
  const files = new Set(text.match(/\/usr\/share\/common-licenses\/[\w.-]*\w/g) ?? []);
  return [...files].sort().map((file) => `${file}\n\n${readFileSync(file, 'utf8')}`);
}

/**
 * License of the static oneDNN that CMake found for a build.
 * @param {string} build
 */
export function onednnLicense(build) {
  const folder = onednnFolder(build) ?? '';
  const read = (/** @type {string} */ name) =>
    readFileSync(path.join(folder, '../../../share/doc/dnnl', name), 'utf8');
  return `oneDNN (compiled in)\n\n${read('LICENSE')}\n\n${read('THIRD-PARTY-PROGRAMS')}`;
}

/** @param {string} build */
export const hasOnednn = (build) => onednnFolder(build) !== undefined;

/** @param {string} build */
function onednnFolder(build) {
  const cache = readFileSync(inRoot(build, 'CMakeCache.txt'), 'utf8');
  return /^dnnl_DIR:\w+=(\/.*)$/m.exec(cache)?.[1];
}
