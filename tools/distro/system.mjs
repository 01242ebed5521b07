// @ts-check
// A minimal Debian system in a folder, and commands in it.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { inRoot, root } from '../../scripts/lib/paths.mjs';
import { runAttached, runLogged, StepError, say, step } from '../../scripts/lib/steps.mjs';
import {
  aptSettings,
  aptSources,
  debianMirrors,
  hostNpmSettings,
  networkEnvironment,
  suiteSources,
} from './host.mjs';

/** Debian's suites by version. */
const SUITES = new Map([
  ['12', 'bookworm'],
  ['13', 'trixie'],
]);
const CHECKOUT = '/root/inplace-abn';
const READY = '.made-by-debootstrap';
const FILES = '.checkout-files';
const HOST_FILES = ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs', '/usr/local/share/ca-certificates'];

/** @param {string} name  a suite, or a version of Debian */
export const suiteNamed = (name) => SUITES.get(name) ?? name;

/**
 * @param {string} suite
 * @returns {string} where its system lies unless a folder is named
 */
export const defaultFolder = (suite) => inRoot('.cache', 'distro', suite);

/**
 * Makes the system unless it is there. Needs root and debootstrap.
 * @param {string} suite
 * @param {string} folder
 */
export async function ensureSystem(suite, folder) {
  if (process.getuid?.() !== 0)
    throw new StepError('a system in a folder is made and entered as root: use sudo');
  const mirrors = debianMirrors(aptSources());
  if (!existsSync(path.join(folder, READY))) {
    if (spawnSync('debootstrap', ['--version']).error) {
      throw new StepError('debootstrap is missing: apt-get install debootstrap');
    }
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const args = ['--variant=minbase', suite, folder, ...(mirrors.mirror ? [mirrors.mirror] : [])];
    await step(`minimal ${suite} in ${folder}`, () => runLogged(`debootstrap-${suite}`, 'debootstrap', args));
    writeFileSync(path.join(folder, READY), '');
  }
  const sources = suiteSources(suite, mirrors);
  if (sources) writeFileSync(path.join(folder, 'etc/apt/sources.list'), sources);
  writeFileSync(path.join(folder, 'etc/apt/apt.conf.d/90host'), aptSettings());
  writeFileSync(path.join(folder, 'root/.npmrc'), hostNpmSettings());
  for (const name of HOST_FILES.filter((file) => existsSync(file))) {
    // Removed first: a package may have left a link there, which would lead out of the folder to this
    // machine's own file.
    rmSync(path.join(folder, name), { recursive: true, force: true });
    cpSync(name, path.join(folder, name), { recursive: true, dereference: true });
  }
}

/**
 * The command line that runs `words` in the system. Its mounts, and the processes that it leaves, end with
 * it.
 * @param {string} folder
 * @param {string[]} words
 * @returns {[string, string[]]}
 */
function entering(folder, words) {
  const script = [
    'set -e',
    'mount -t proc proc "$0/proc"',
    'mount --rbind /dev "$0/dev"',
    'mount --rbind /sys "$0/sys"',
    `chroot "$0" sh -c 'mkdir -p ${CHECKOUT} && cd ${CHECKOUT} && exec "$@"' sh "$@"`,
  ].join('\n');
  return ['unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, folder, ...words]];
}

function environment() {
  return {
    ...networkEnvironment(process.env),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: process.env.TERM ?? 'dumb',
    ...(process.env.CI ? { CI: process.env.CI } : {}),
  };
}

/**
 * Runs a command in the system's checkout, on this terminal.
 * @param {string} folder
 * @param {string[]} words
 */
export const runInSystem = (folder, words) => runAttached(...entering(folder, words), { env: environment() });

/**
 * Runs a command in the system's checkout, with its output in .cache/logs/LOG.log; throws a StepError when it
 * fails.
 * @param {string} log
 * @param {string} folder
 * @param {string[]} words
 */
export const logInSystem = (log, folder, words) =>
  runLogged(log, ...entering(folder, words), { env: environment() });

/**
 * @param {string} folder
 * @param {string[]} words
 * @returns {string} its output; '' if it failed
 */
function outputInSystem(folder, words) {
  const { status, stdout } = spawnSync(...entering(folder, words), { env: environment(), encoding: 'utf8' });
  return status === 0 ? stdout : '';
}

/**
 * Copies the checkout into the system: files that git tracks or would add. Build outputs there are kept.
 * @param {string} folder
 */
export function copyCheckout(folder) {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const files = list.split('\0').filter((name) => name && existsSync(inRoot(name)));
  const target = path.join(folder, CHECKOUT);
  const manifest = path.join(folder, FILES);
  const before = existsSync(manifest) ? readFileSync(manifest, 'utf8').split('\0') : [];
  const gone = new Set(before.filter(Boolean));
  for (const name of files) {
    gone.delete(name);
    if (!isCurrent(inRoot(name), path.join(target, name))) {
      cpSync(inRoot(name), path.join(target, name), { verbatimSymlinks: true });
    }
  }
  for (const name of gone) rmSync(path.join(target, name), { force: true });
  writeFileSync(manifest, files.join('\0'));
}

/**
 * Compares contents. An unchanged file keeps its modification time, by which a build in the system decides
 * what to rebuild.
 * @param {string} from
 * @param {string} to
 */
function isCurrent(from, to) {
  if (!existsSync(to) || lstatSync(from).isSymbolicLink()) return false;
  return readFileSync(from).equals(readFileSync(to));
}

/**
 * Installs the suite's Node, or copies this machine's if the suite's is older than package.json requires.
 * @param {string} folder
 */
export async function ensureNode(folder) {
  const { engines } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const oldest = engines.node.replace('>=', '');
  if (outputInSystem(folder, ['node', '--version']) && outputInSystem(folder, ['npm', '--version'])) return;
  const enter = (/** @type {string[]} */ ...words) =>
    runLogged('distro-node', ...entering(folder, words), { env: environment() });
  await step('Node', async () => {
    await enter('apt-get', 'update');
    const offered = /Candidate: (\S+)/.exec(outputInSystem(folder, ['apt-cache', 'policy', 'nodejs']))?.[1];
    if (offered && !isOlder(offered, oldest)) {
      await enter('apt-get', 'install', '-y', '--no-install-recommends', 'nodejs', 'npm');
    } else {
      say(
        `! this suite has Node ${offered ?? 'not at all'}: this machine's Node ${process.versions.node} and npm are copied`,
      );
      copyNode(folder);
    }
  });
}

/**
 * Installs the Debian packages that are missing.
 * @param {string} folder
 * @param {readonly string[]} names
 */
export async function ensurePackages(folder, names) {
  const listed = outputInSystem(folder, ['dpkg', '--get-selections']);
  const missing = missingPackages(names, listed);
  if (missing.length === 0) return;
  await step(missing.join(' '), async () => {
    await logInSystem('distro-packages', folder, ['apt-get', 'update']);
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
    await logInSystem('distro-packages', folder, install);
  });
}

/**
 * @param {readonly string[]} names
 * @param {string} listed  as dpkg --get-selections prints it
 */
export function missingPackages(names, listed) {
  const installed = new Set([...listed.matchAll(/^([^:\s]+)\S*\s+install$/gm)].map(([, name]) => name));
  return names.filter((name) => !installed.has(name));
}

/**
 * Whether version `a` comes before version `b`, by their first two numbers.
 * @param {string} a
 * @param {string} b
 */
export function isOlder(a, b) {
  const [major = 0, minor = 0] = a.split(/\D/, 2).map(Number);
  const [otherMajor = 0, otherMinor = 0] = b.split(/\D/, 2).map(Number);
  return major === otherMajor ? minor < otherMinor : major < otherMajor;
}

/**
 * Copies this machine's Node and npm.
 * @param {string} folder
 */
export function copyNode(folder) {
  const npm = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim();
  const local = path.join(folder, 'usr/local');
  // npm is a link to lib/node_modules/npm/bin/npm-cli.js.
  const from = path.resolve(realpathSync(npm), '../..');
  cpSync(from, path.join(local, 'lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  cpSync(process.execPath, path.join(local, 'bin/node'));
  for (const name of ['npm', 'npx']) {
    rmSync(path.join(local, 'bin', name), { force: true });
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(local, 'bin', name));
  }
}
