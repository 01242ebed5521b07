// @ts-check
// Kernel tests on an addon built with AddressSanitizer and UndefinedBehaviorSanitizer.
//   [CXX=clang++] npm run test:sanitized [-- vitest's filters]
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BUILD_PACKAGES, ensureSystemPackages } from './lib/debian.mjs';
import { inRoot } from './lib/paths.mjs';
import { ensureDependencies } from './lib/pnpm.mjs';
import { runLogged, runMain, StepError, step } from './lib/steps.mjs';
import { KERNEL_TESTS, Results } from './lib/tests.mjs';

const COMPILER = process.env.CXX ?? 'c++';
const BUILD = inRoot('.cache', `sanitized-${path.basename(COMPILER)}`);
/** AddressSanitizer's runtime, of Clang and of GCC. Clang finds GCC's, too. */
const RUNTIMES = ['libclang_rt.asan-x86_64.so', 'libasan.so'];

await runMain(async () => {
  await ensureSystemPackages(BUILD_PACKAGES);
  await ensureDependencies();
  const options = ['--out', BUILD, '--config', 'Release', '--CDIABN_SANITIZE=ON'];
  await step('native addon with sanitizers', () =>
    runLogged('sanitized-build', 'npx', ['cmake-js', 'build', ...options], { cwd: inRoot('native') }),
  );
  const filters = process.argv.slice(2);
  const chosen = filters.length > 0 ? filters : KERNEL_TESTS;
  const results = new Results('test-sanitized');
  await results.vitest(chosen, sanitizedEnvironment(`${BUILD}/Release/inplace_abn.node`));
  return results.close();
});

/** @param {string} addon */
function sanitizedEnvironment(addon) {
  return {
    IABN_ADDON: addon,
    // Node is built without the runtime, which must be loaded before everything else.
    LD_PRELOAD: runtime(),
    // V8 does not free its heap at exit. Some tests ask for more memory than there is.
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    // Each operand's memory ends with the operand, so the sanitizer sees reads behind it.
    IABN_TEST_EXACT_MEMORY: '1',
    // Two threads, because each has its own part of the workspace. They sleep while they wait, because test
    // files run in parallel.
    IABN_TEST_THREADS: '2',
    OMP_WAIT_POLICY: 'passive',
  };
}

function runtime() {
  for (const name of RUNTIMES) {
    const { stdout } = spawnSync(COMPILER, [`-print-file-name=${name}`], { encoding: 'utf8' });
    if (path.isAbsolute(stdout.trim())) return stdout.trim();
  }
  throw new StepError(`${COMPILER} has no AddressSanitizer runtime`);
}
