// @ts-check
// Set-up, kernel tests and a short demo on minimal systems of Debian 12 and 13, with each suite's GCC; then
// set-up and kernel tests with its Clang. As root.  npm run test:distros [-- SUITE…]
import {
  copyCheckout,
  defaultFolder,
  ensureNode,
  ensureSystem,
  runInSystem,
  suiteNamed,
} from '../tools/distro/system.mjs';
import { runMain, StepError, step } from './lib/steps.mjs';
import { KERNEL_TESTS, Results } from './lib/tests.mjs';

const RUN_KERNEL_TESTS = ['npx', 'vitest', 'run', ...KERNEL_TESTS];
const CLANG = ['env', 'CXX=clang++'];

/** Commands, each after those that it needs. */
const CHECKS = {
  'set-up': ['npm', 'run', 'setup'],
  'kernel tests': RUN_KERNEL_TESTS,
  'short demo': ['npm', 'run', 'demo', '--', '--max-steps', '40'],
  Clang: ['apt-get', 'install', '-y', '--no-install-recommends', 'clang', 'libomp-dev'],
  'set-up with Clang': [...CLANG, 'npm', 'run', 'setup'],
  'kernel tests with Clang': [...CLANG, ...RUN_KERNEL_TESTS],
};

await runMain(async () => {
  const named = process.argv.slice(2);
  const suites = (named.length > 0 ? named : ['12', '13']).map(suiteNamed);
  const results = new Results('test-distros');
  for (const suite of suites) {
    const folder = defaultFolder(suite);
    await ensureSystem(suite, folder);
    copyCheckout(folder);
    await ensureNode(folder);
    for (const [name, command] of Object.entries(CHECKS)) {
      await results.check(() => step(`${suite}: ${name}`, () => runOrThrow(folder, command)));
    }
  }
  return results.close();
});

/**
 * @param {string} folder
 * @param {string[]} command
 */
async function runOrThrow(folder, command) {
  const status = await runInSystem(folder, command);
  if (status !== 0) throw new StepError(`${command.join(' ')} ended with status ${status}`);
}
