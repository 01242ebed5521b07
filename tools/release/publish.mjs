// @ts-check
// Publishes the tarballs of a release. Skips those that npm has already, so that a publication that has
// stopped in between can be repeated.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { StepError, say, startable } from '../../scripts/lib/steps.mjs';

/** The first major version that publishes as a trusted publisher (11.5). */
const NPM = ['--yes', 'npm@11'];
/**
 * @typedef {{ status: number | null, stdout: string, stderr: string }} Ended
 * @typedef {object} Tarball
 * @property {string} file
 * @property {string} name
 * @property {string} version
 * @property {string[]} needs  names of packages, also of optional ones
 */

/**
 * Publishes each package after those that it depends on, so that npm can install whatever it finds.
 * @param {string} folder  of the tarballs
 * @param {(args: string[]) => Ended} npm  runs npm with these arguments
 */
export function publishAll(folder, npm = runNpm) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  if (files.length === 0) throw new StepError(`${folder} has no tarballs to publish`);
  const tarballs = files.sort().map((file) => tarballAt(path.resolve(folder, file)));
  for (const tarball of inOrder(tarballs)) publish(tarball, npm);
}

/**
 * @param {Tarball[]} tarballs
 * @returns {Set<Tarball>} each after those that it needs
 */
function inOrder(tarballs) {
  /** @type {Set<Tarball>} */
  const ordered = new Set();
  const visit = (/** @type {Tarball} */ tarball) => {
    for (const needed of tarballs) if (tarball.needs.includes(needed.name)) visit(needed);
    ordered.add(tarball);
  };
  for (const tarball of tarballs) visit(tarball);
  return ordered;
}

/**
 * @param {Tarball} tarball
 * @param {(args: string[]) => Ended} npm
 */
function publish({ file, name, version }, npm) {
  if (isPublished(name, version, npm)) {
    say(`- ${name}@${version} is published already`);
    return;
  }
  const tag = tagOf(version);
  const { status, stderr } = npm(['publish', file, '--access', 'public', '--tag', tag]);
  if (status !== 0) throw new StepError(`${stderr}\n${name}@${version} cannot be published`);
  say(`✓ ${name}@${version}, as ${tag}`);
}

/**
 * The tag by which npm finds the newest version: `npm install NAME` takes `latest`, so a prerelease gets its
 * own, such as `beta` for 1.0.0-beta.2, or `next` for 1.0.0-2.
 * @param {string} version
 */
export function tagOf(version) {
  const [, prerelease] = /^[^-+]+-([^.+]+)/.exec(version) ?? [];
  if (prerelease === undefined) return 'latest';
  return /^\d+$/.test(prerelease) ? 'next' : prerelease;
}

/**
 * @param {string} name
 * @param {string} version
 * @param {(args: string[]) => Ended} npm
 */
function isPublished(name, version, npm) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'version', '--prefer-online']);
  if (status === 0) return stdout.trim() === version;
  if (/\bE404\b/.test(stderr)) return false;
  throw new StepError(`${stderr}\nnpm does not say whether ${name}@${version} is published`);
}

/**
 * @param {string} file
 * @returns {Tarball}
 */
function tarballAt(file) {
  const { status, stdout, stderr } = ended('tar', ['-xzOf', file, 'package/package.json']);
  if (status !== 0) throw new StepError(`${stderr}\n${file} has no package.json`);
  const { name, version, dependencies, optionalDependencies } = JSON.parse(stdout);
  return { file, name, version, needs: Object.keys({ ...dependencies, ...optionalDependencies }) };
}

/** @param {string[]} args */
const runNpm = (args) => ended('npx', [...NPM, ...args]);

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Ended}
 */
function ended(command, args) {
  const { status, stdout, stderr, error } = spawnSync(...startable(command, args), { encoding: 'utf8' });
  return { status, stdout, stderr: error ? error.message : stderr };
}
