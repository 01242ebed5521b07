// @ts-check
// Tests a platform, as the release workflow does before it publishes: installs the tarballs in an empty
// project, runs the README's code there, then kernel tests and a training with the addon of this platform's
// tarball.
//   npm run test:platform [-- FOLDER | --checkout]
// --checkout: only the kernel tests and the training, with the addon of this checkout.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT_BUILD } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { ensureDependencies } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runLogged, runMain, StepError, step } from './lib/steps.mjs';
import { PLATFORM_TESTS, Results } from './lib/tests.mjs';

const NATIVE = `native-${process.platform}-${process.arch}`;
const OF_PLATFORM = /^inplace-abn-native-(?!wasm)/;
const PROJECT = inRoot('.cache', 'platform', 'project');
const ADDON = path.join(PROJECT, 'node_modules', '@inplace-abn', NATIVE, 'inplace_abn.node');

await runMain(async () => {
  const results = new Results('test-platform');
  const [argument = inRoot('release')] = process.argv.slice(2);
  if (argument === '--checkout') {
    await setup();
    await testAddon(results, inRoot(CHECKOUT_BUILD, 'Release', 'inplace_abn.node'));
    return results.close();
  }
  const folder = path.resolve(process.env.INIT_CWD ?? process.cwd(), argument);
  await ensureDependencies();
  await step('project with the tarballs', () => makeProject(folder));
  const inProject = (
    /** @type {string} */ log,
    /** @type {string} */ command,
    /** @type {string[]} */ args,
  ) => results.check(() => step(log, () => runLogged(log, command, args, { cwd: PROJECT })));
  await inProject('README snippet', process.execPath, ['snippet.mjs']);
  await inProject('doctor', 'npx', ['inplace-abn', 'doctor']);
  await testAddon(results, ADDON);
  return results.close();
});

/**
 * @param {Results} results
 * @param {string} addon
 */
async function testAddon(results, addon) {
  if (process.platform === 'win32') await results.check(() => step('another name', () => tryRenamed(addon)));
  await results.vitest(PLATFORM_TESTS, { IABN_ADDON: addon, IABN_TEST_THREADS: '2' });
}

/**
 * Loads the addon for Windows into a program that is not called node.exe.
 * @param {string} addon
 */
async function tryRenamed(addon) {
  const program = inRoot('.cache', 'platform', 'renamed.exe');
  mkdirSync(path.dirname(program), { recursive: true });
  cpSync(process.execPath, program);
  await runLogged('renamed', program, ['-e', `require(${JSON.stringify(addon)})`]);
}

/**
 * Installs the tarballs except those of other platforms, which npm would refuse.
 * @param {string} folder
 */
async function makeProject(folder) {
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const own = tarballs.filter((name) => !OF_PLATFORM.test(name) || name.includes(NATIVE));
  if (!own.some((name) => name.includes(NATIVE))) throw new StepError(`${folder} has no ${NATIVE}`);
  rmSync(PROJECT, { recursive: true, force: true });
  mkdirSync(PROJECT, { recursive: true });
  for (const name of own) cpSync(path.join(folder, name), path.join(PROJECT, name));
  writeFileSync(path.join(PROJECT, 'package.json'), '{ "private": true, "type": "module" }\n');
  // Loaded here because it needs npm dependencies.
  const { firstSnippet } = await import('../tools/release/checks.mjs');
  const readme = readFileSync(inRoot('packages', 'inplace-abn', 'README.md'), 'utf8');
  writeFileSync(path.join(PROJECT, 'snippet.mjs'), firstSnippet(readme));
  const install = ['install', '--no-audit', '--no-fund', ...own.map((name) => `./${name}`)];
  await runLogged('platform-install', 'npm', install, { cwd: PROJECT });
}
