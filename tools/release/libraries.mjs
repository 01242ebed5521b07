// @ts-check
// Paths of the libraries that an addon is linked with, and the Debian packages that they come from: on this
// system, or for arm64 in a sysroot.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { StepError } from '../../scripts/lib/steps.mjs';
import { DEBS, SYSROOT } from '../arm64/sysroot.mjs';

/**
 * @typedef {{ file: string, name: string, version: string, source: string, copyright: string }} Package  of a file
 * @typedef {object} Libraries
 * @property {string} strip  name of the `strip` program
 * @property {(file: string) => Map<string, string>} pathsFor  paths by name, of at least the libraries that a file needs
 * @property {(file: string) => Package} packageOf  of a library's real path
 */

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders of dpkg-query and dpkg-deb
const FORMAT = '${Package} ${source:Package} ${source:Version}\n';

/** @type {Libraries} */
export const OF_THIS_SYSTEM = {
  strip: 'strip',
  pathsFor(file) {
    const found = output('ldd', [file]).matchAll(/^\s*(\S+) => (\S+)/gm);
    return new Map([...found].map(([, name = '', at = '']) => [name, at]));
  },
  packageOf(file) {
    // The package may list the file under /lib, a link to /usr/lib.
    const owner = [file, file.replace(/^\/usr/, '')]
      .map((name) => output('dpkg-query', ['-S', name]).split(':')[0])
      .find(Boolean);
    return described(file, owner && output('dpkg-query', ['-W', `-f=${FORMAT}`, owner]), '/');
  },
};

/** @type {Libraries} */
export const OF_ARM64 = {
  strip: 'aarch64-linux-gnu-strip',
  pathsFor() {
    const folders = ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'usr/lib'].map((folder) =>
      path.join(SYSROOT, folder),
    );
    return new Map(
      folders.flatMap((folder) => readdirSync(folder).map((name) => [name, path.join(folder, name)])),
    );
  },
  packageOf(file) {
    const inPackage = `./${path.relative(realpathSync(SYSROOT), file)}`;
    const owner = readdirSync(DEBS)
      .filter((name) => name.endsWith('.deb'))
      .map((name) => path.join(DEBS, name))
      .find((deb) => output('dpkg-deb', ['--contents', deb]).includes(` ${inPackage}\n`));
    return described(file, owner && output('dpkg-deb', ['-W', `--showformat=${FORMAT}`, owner]), SYSROOT);
  },
};

/**
 * @param {string} file
 * @param {string | undefined} words  about its package, in FORMAT
 * @param {string} root  of the system that it is installed in
 * @returns {Package}
 * @throws {StepError} if the package or its license is not known
 */
export function described(file, words, root) {
  const [name = '', source = '', version = ''] = (words ?? '').split('\n')[0]?.split(' ') ?? [];
  const copyright = path.join(root, 'usr/share/doc', name, 'copyright');
  if (!name || !existsSync(copyright)) {
    throw new StepError(`${file} belongs to no package of Debian: its license is not known`);
  }
  return { file, name, version, source, copyright: readFileSync(copyright, 'utf8') };
}

/**
 * @param {string} command
 * @param {string[]} args
 */
const output = (command, args) => spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '';
