// @ts-check
// How this machine reaches package archives: a minimal system on it needs the same mirrors, proxies and
// certificates.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const NPM_SETTING =
  /^(registry|cafile|https?-proxy|proxy|noproxy|strict-ssl)\s*=|^(@[^=]+:registry|\/\/[^=]+)\s*=/;
const APT_SETTING = /^Acquire::(http|https|Check|Retries|ForceIP)/i;
const NETWORK_VARIABLE = /^(https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i;

/**
 * The Debian archive that this machine's apt reads, and that of security updates; undefined if its sources
 * name none.
 * @param {string} sources  text of its sources.list and *.sources
 * @returns {{ mirror: string | undefined, security: string | undefined }}
 */
export function debianMirrors(sources) {
  const lines = sources.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const uris = lines.flatMap((line) => line.split(/\s+/)).filter((word) => /^\w+:\/\//.test(word));
  return {
    mirror: uris.find((uri) => /\/debian\/?$/.test(uri)),
    security: uris.find((uri) => /\/debian-security\/?$/.test(uri)),
  };
}

/** Text of this machine's apt sources. */
export function aptSources() {
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name))
    : [];
  return ['/etc/apt/sources.list', ...names.map((name) => path.join(folder, name))]
    .map(readIfThere)
    .join('\n');
}

/**
 * sources.list of a suite, from the mirrors of this machine.
 * @param {string} suite
 * @param {{ mirror: string | undefined, security: string | undefined }} mirrors
 * @returns {string | undefined} undefined: keep the file that debootstrap wrote
 */
export function suiteSources(suite, { mirror, security }) {
  if (!mirror) return undefined;
  const lines = [`deb ${mirror} ${suite} main`, `deb ${mirror} ${suite}-updates main`];
  if (security) lines.push(`deb ${security} ${suite}-security main`);
  return `${lines.join('\n')}\n`;
}

/** This machine's apt settings that decide how archives are reached. */
export function aptSettings() {
  const { stdout } = spawnSync('apt-config', ['dump'], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter((line) => APT_SETTING.test(line))
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * The lines of an npm configuration that decide how the registry is reached.
 * @param {string} text  of an npmrc
 */
export function npmSettings(text) {
  return text
    .split('\n')
    .filter((line) => NPM_SETTING.test(line.trim()))
    .map((line) => `${line.trim()}\n`)
    .join('');
}

/** This user's npm configuration, reduced to npmSettings; the user's own lines come last and win. */
export function hostNpmSettings() {
  return ['globalconfig', 'userconfig']
    .map((name) => spawnSync('npm', ['config', 'get', name], { encoding: 'utf8' }).stdout?.trim())
    .map((file) => (file ? npmSettings(readIfThere(file)) : ''))
    .join('');
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string>} the variables that decide how archives are reached
 */
export function networkEnvironment(env) {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && NETWORK_VARIABLE.test(name) ? [[name, value]] : [],
    ),
  );
}

/** @param {string} file */
const readIfThere = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
