// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { hashOf, readStamp, writeStamp } from './stamp.mjs';
import { runLogged, step } from './steps.mjs';

const STAMP = 'node_modules/.setup-stamp';
const SCOPE_FOLDERS = ['packages', 'apps'];

/**
 * The command line that runs pnpm in the version that the root's package.json names. npx also puts pnpm on
 * PATH for turbo; nothing needs to be installed before.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
function pnpmCommand(args) {
  const { packageManager } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  return ['npx', ['-y', packageManager.split('+')[0], ...args]];
}

/** Installs npm dependencies unless manifests and lockfile are those of the last install. */
export async function ensureDependencies() {
  const stamp = hashOf(manifests(), [process.platform, process.arch, process.versions.modules]);
  if (readStamp(STAMP) === stamp) return;
  const flags = [
    '--config.confirmModulesPurge=false',
    process.env.CI ? '--frozen-lockfile' : '--prefer-frozen-lockfile',
  ];
  await step('npm dependencies', () => runLogged('pnpm-install', ...pnpmCommand(['install', ...flags])));
  // pnpm may have updated the lockfile.
  writeStamp(STAMP, hashOf(manifests(), [process.platform, process.arch, process.versions.modules]));
}

/** @returns {string[]} */
function manifests() {
  const members = SCOPE_FOLDERS.flatMap((folder) =>
    readdirSync(inRoot(folder)).map((name) => `${folder}/${name}`),
  );
  return ['.', ...members, 'bench', 'native']
    .map((member) => `${member}/package.json`)
    .concat('pnpm-lock.yaml', 'pnpm-workspace.yaml')
    .filter((file) => existsSync(inRoot(file)));
}

/** Builds every package and app whose sources changed; turbo skips the rest. */
export async function buildPackages() {
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
  };
  await step('build', () =>
    runLogged('build', ...pnpmCommand(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only']), {
      env,
    }),
  );
}
