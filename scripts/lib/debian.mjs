// @ts-check
import { spawnSync } from 'node:child_process';
import { runLogged, StepError, say, step } from './steps.mjs';

/** What the native build and the demo need. libdnnl-dev's CMake file asks for the OpenCL loader. */
export const BUILD_PACKAGES = [
  'cmake',
  'ninja-build',
  'g++',
  'libdnnl-dev',
  'libgloo-dev',
  'ocl-icd-opencl-dev',
  'dataset-fashion-mnist',
];

/** What only the checks of `npm test` need. */
export const TEST_PACKAGES = ['clang-format'];

/**
 * Versions of installed packages by name; packages that are not installed are absent. Undefined where there is
 * no dpkg.
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
 * Installs what is missing with apt-get when this user may; otherwise names the command to run.
 * @param {string[]} packages
 */
export async function ensureDebianPackages(packages) {
  const installed = installedPackages(packages);
  if (!installed) {
    say(`! this is not Debian: make sure that the equivalents of ${packages.join(', ')} are installed`);
    return;
  }
  const missing = packages.filter((name) => !installed.has(name));
  if (missing.length === 0) return;

  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const prefix = privilege();
  if (!prefix) {
    throw new StepError(
      `Debian packages are missing and this user may not install them; run this, then the command again:\n` +
        `  sudo sh -c 'apt-get update && ${install}'`,
    );
  }
  const [command = 'env', ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive'];
  await step(`Debian packages: ${missing.join(' ')}`, async () => {
    await runLogged('apt-update', command, [...before, 'apt-get', 'update']);
    await runLogged('apt-install', command, [...before, ...install.split(' ')]);
  });
}

/** @returns {string[] | undefined} the words to put before a command that needs root */
function privilege() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}
