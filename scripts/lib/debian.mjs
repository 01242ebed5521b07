// @ts-check
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLogged, StepError, say, step } from './steps.mjs';
import { ensureBuildTools, ONEDNN_PACKAGES, THIS_MACHINE, withoutOneDnn } from './systems.mjs';

/** Needed by the native build and the demo; ONEDNN_PACKAGES are optional. */
export const BUILD_PACKAGES = [
  'cmake',
  'ninja-build',
  'g++',
  'libdnnl-dev',
  'libgloo-dev',
  'ocl-icd-opencl-dev',
  'dataset-fashion-mnist',
];

/** Needed only by the checks of `npm test`. */
export const TEST_PACKAGES = ['clang-format'];

/**
 * Versions of installed packages by name; packages that are not installed are absent. Undefined without
 * dpkg.
 * @param {string[]} packages
 * @returns {Map<string, string> | undefined}
 */
export function installedPackages(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = '${Package} ${db:Status-Status} ${Version}\n';
  const query = spawnSync('dpkg-query', ['-W', `-f=${format}`, ...packages], { encoding: 'utf8' });
  if (query.error) return undefined;
  const installed = new Map();
  for (const line of query.stdout.split('\n')) {
    const [name, status, version] = line.split(' ');
    if (name && version && status === 'installed') installed.set(name, version);
  }
  return installed;
}

/**
 * Installs missing packages with apt-get if this user may; otherwise throws an error with the command to run.
 * Without apt, looks for the tools and libraries that the packages would install.
 * @param {string[]} packages
 */
export async function ensureSystemPackages(packages, machine = THIS_MACHINE) {
  const installed = installedPackages(packages);
  const missing = packages.filter((name) => !installed?.has(name));
  if (missing.length === 0) return;
  if (!installed || spawnSync('apt-get', ['--version']).error) {
    ensureBuildTools(packages, machine);
    return;
  }

  const install = `install -y --no-install-recommends ${missing.join(' ')}`;
  const prefix = privilege();
  if (!prefix) {
    if (missing.every((name) => ONEDNN_PACKAGES.includes(name))) {
      say(withoutOneDnn('ubuntu'));
      return;
    }
    throw new StepError(
      `Debian packages are missing and this user may not install them; run this, then the command again:\n` +
        `  sudo sh -c 'apt-get update && apt-get ${install}'`,
    );
  }
  // In the C locale, because apt's message about a lock is parsed.
  const [command = 'env', ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'];
  const apt = (/** @type {string} */ log, /** @type {string[]} */ words) =>
    whenUnlocked(() => runLogged(log, command, [...before, 'apt-get', '-o', LOCK_TIMEOUT, ...words]));
  await step(`Debian packages: ${missing.join(' ')}`, async () => {
    await apt('apt-update', ['update']);
    await apt('apt-install', install.split(' '));
  });
}

// apt waits for dpkg's lock only; it fails at once if the package lists are locked.
const LOCK_TIMEOUT = 'DPkg::Lock::Timeout=5';
const LOCK_PATIENCE_MS = 600_000;
const LOCKED = /Could not get lock \S+?\.?(?: It is held by (process \d+ \([^)]*\)))?(?:\s|$)/;

/**
 * Runs apt again as long as another process holds its lock, and says so. After a cloud machine has booted,
 * that can take minutes.
 * @param {() => Promise<void>} run  throws a StepError with apt's messages
 * @param {{ pause?: () => Promise<unknown>, now?: () => number, tell?: (line: string) => void }} [clock]
 */
export async function whenUnlocked(
  run,
  { pause = () => sleep(2000), now = () => performance.now(), tell = say } = {},
) {
  const start = now();
  for (let told = false; ; told = true) {
    try {
      return await run();
    } catch (error) {
      const locked = error instanceof StepError ? LOCKED.exec(error.message) : null;
      if (!locked || now() - start > LOCK_PATIENCE_MS) throw error;
      if (!told) {
        const holder = locked[1] ?? 'another process';
        tell(`… apt is locked by ${holder}: waiting for it, ${LOCK_PATIENCE_MS / 60_000} minutes at most`);
      }
    }
    await pause();
  }
}

/** @returns {string[] | undefined} the words to put before a command that needs root */
function privilege() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}
