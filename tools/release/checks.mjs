// @ts-check
// The packed packages on systems that have nothing but Node: no compiler, no Python, no headers.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { runLogged, StepError, say, step } from '../../scripts/lib/steps.mjs';
import { copyNode, ensureSystem, logInSystem } from '../distro/system.mjs';
import { writeImageFolder } from './images.mjs';

const SUITES = ['bookworm', 'trixie'];
const RELEASE = inRoot('release');
const README = 'packages/inplace-abn/README.md';
/** Trains on the main thread and on two others at once, each with its own Session. */
const THREADS = inRoot('tools', 'release', 'threads.mjs');
/** A folder in the system. */
const HOME = '/root/packages';
const CONFIG = 'node_modules/@inplace-abn/train-imagenet/experiments/demo_fashion_mnist.json';
const ADDON = 'node_modules/@inplace-abn/native-linux-x64';
/** Limit for an installation with one platform's addon and WebAssembly, from a release's packages. */
const MOST_INSTALLED_BYTES = 62e6;
const COMPILERS = ['cc', 'gcc', 'g++', 'clang', 'make', 'cmake', 'python3'];

/** Commands by name, in a folder with the packages installed, each after those that it needs. */
const COMMANDS = {
  'no compiler': COMPILERS.map((name) => `! command -v ${name}`).join(' && '),
  install: 'npm init -y && npm install --no-audit --no-fund ./release/*.tgz',
  size: `test -e ${ADDON}/libdnnl.so.2 || test "$(du -sb node_modules | cut -f1)" -le ${MOST_INSTALLED_BYTES}`,
  'no install scripts': '! grep -lE \'"(pre|post)?install":\' node_modules/@inplace-abn/*/package.json',
  'README snippet': 'node snippet.mjs && test -s net.safetensors',
  doctor: 'npx inplace-abn doctor',
  plan: `npx inplace-abn plan ${CONFIG} --batch 32`,
  train: `npx inplace-abn train ${CONFIG} images --max-steps 6 --log-dir one`,
  'train with two processes': `npx inplace-abn train ${CONFIG} images --max-steps 6 --log-dir two --nproc 2`,
  test: `npx inplace-abn test ${CONFIG} one/checkpoints images`,
  inspect: 'npx inplace-abn inspect net.safetensors',
  predict: 'npx inplace-abn predict one/checkpoints images/val --csv found.csv && test -s found.csv',
  convert: 'npx inplace-abn convert one/checkpoint.pth.tar plain.safetensors --bn standard',
  export: 'npx inplace-abn export one/checkpoints net.onnx --dynamic batch && test -s net.onnx',
  'worker threads': 'node threads.mjs',
  'image of deploy/Dockerfile': imageSteps(readFileSync(inRoot('deploy', 'Dockerfile'), 'utf8')),
  new: 'npx inplace-abn new project && cd project && npm install --no-audit --no-fund ../release/*.tgz && npm start && npm test',
  'a cut off library': [
    `truncate -s 1000 ${ADDON}/libgomp.so.1`,
    "node snippet.mjs 2>&1 | grep 'is damaged; run `npm ci`'",
  ].join(' && '),
  'no addon': [
    `rm -r ${ADDON}`,
    "node snippet.mjs 2>&1 | grep 'is not installed, as after `npm install --omit=optional`'",
    `npx inplace-abn plan ${CONFIG} --batch 32 | grep 'estimate'`,
  ].join(' && '),
};

/**
 * Checks for `npm run test:all`. Systems are made and entered only as root.
 * @param {string[]} options  of `npm run pack`
 * @returns {(() => Promise<unknown>)[]}
 */
export function packageChecks(options) {
  if (process.getuid?.() !== 0 || spawnSync('debootstrap', ['--version']).error) {
    say('! the packed packages are not tried: minimal systems want root and debootstrap');
    return [];
  }
  if (!options.includes('--onednn')) {
    say("! the packages' sizes are not checked: a release has its own oneDNN (npm run test:all -- --onednn)");
  }
  return [() => packedTwice(options), ...SUITES.flatMap(checksOn)];
}

/**
 * Packs twice and compares: the same commit must give the same bytes.
 * @param {string[]} options
 */
async function packedTwice(options) {
  const again = inRoot('.cache', 'packed-again');
  const pack = ['scripts/pack.mjs', ...options];
  await step('packages', () => runLogged('pack-all', process.execPath, [...pack, RELEASE]));
  await step('packages once more, the same bytes', async () => {
    for (const name of readdirSync(inRoot('packages'))) {
      rmSync(inRoot('packages', name, 'dist'), { recursive: true, force: true });
    }
    const env = { ...process.env, TURBO_FORCE: 'true' };
    await runLogged('pack-again', process.execPath, [...pack, again], { env });
    const [first, second] = [RELEASE, again].map((folder) => sums(folder));
    if (first !== second) throw new StepError(`two builds differ:\n${first}\n${second}`);
  });
}

/** @param {string} folder */
const sums = (folder) => readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8');

/** @param {string} suite */
function checksOn(suite) {
  const folder = inRoot('.cache', 'distro', `bare-${suite}`);
  let made = false;
  const prepare = async () => {
    try {
      await ensureSystem(suite, folder);
      made = true;
    } catch (error) {
      // Without a mirror or the rights to make a system: not the packages' fault.
      say(
        `! ${suite}: the packages are not tried. ${error instanceof Error ? error.message.split('\n')[0] : error}`,
      );
      return;
    }
    await step(`${suite}: system`, async () => fillSystem(folder));
  };
  const commands = Object.entries(COMMANDS).map(([name, command]) => async () => {
    if (!made) return;
    const words = ['sh', '-c', `cd ${HOME} && ${command}`];
    await step(`${suite}: ${name}`, () => logInSystem(`packages-${suite}`, folder, words));
  });
  return [prepare, ...commands];
}

/**
 * Copies Node, the tarballs, images and the README's snippet into the system.
 * @param {string} folder
 */
function fillSystem(folder) {
  copyNode(folder);
  const home = path.join(folder, HOME);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  cpSync(RELEASE, path.join(home, 'release'), { recursive: true });
  writeImageFolder(path.join(home, 'images'));
  cpSync(THREADS, path.join(home, 'threads.mjs'));
  writeFileSync(path.join(home, 'snippet.mjs'), firstSnippet(readFileSync(inRoot(README), 'utf8')));
}

/** @param {string} markdown */
export function firstSnippet(markdown) {
  const found = /```[jt]s\n([\s\S]*?)```/.exec(markdown)?.[1];
  if (!found) throw new StepError('the README has no snippet');
  return found;
}

/**
 * The steps of the image as one command, with the packed tarballs instead of the registry's.
 * @param {string} dockerfile
 */
function imageSteps(dockerfile) {
  const value = (/** @type {string} */ name) => new RegExp(`^${name} (.*)$`, 'm').exec(dockerfile)?.[1] ?? '';
  const folder = value('WORKDIR');
  const [asRoot = '', asUser = ''] = dockerfile.split(/^USER .*$/m);
  const runs = (/** @type {string} */ part) => [...part.matchAll(/^RUN (.*)$/gm)].map(([, run = '']) => run);
  const install = runs(asUser).map((run) => run.replace(/"inplace-abn@[^"]*"/, '/tmp/release/*.tgz'));
  const program = JSON.parse(value('ENTRYPOINT')).join(' ');
  const user = value('USER');
  return [
    `{ id ${user} || useradd --create-home ${user}; } && cp -r release /tmp`,
    `mkdir -p ${folder} && cd ${folder}`,
    ...runs(asRoot),
    `su ${user} -c '${install.join(' && ')}'`,
    `cd / && su ${user} -c '${program} doctor'`,
  ].join(' && ');
}
