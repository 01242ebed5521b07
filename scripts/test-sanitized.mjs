// @ts-check
// Kernel tests on an addon built with AddressSanitizer and UndefinedBehaviorSanitizer.
//   npm run test:sanitized [-- vitest's filters]
import { spawnSync } from 'node:child_process';
import { inRoot } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runLogged, runMain, step } from './lib/steps.mjs';
import { KERNEL_TESTS } from './lib/tests.mjs';

const BUILD = inRoot('.cache', 'sanitized');

await runMain(async () => {
  await setup();
  const options = ['--out', BUILD, '--config', 'Release', '--CDIABN_SANITIZE=ON'];
  await step('native addon with sanitizers', () =>
    runLogged('sanitized-build', 'npx', ['cmake-js', 'build', ...options], { cwd: inRoot('native') }),
  );
  const filters = process.argv.slice(2);
  return runAttached(
    inRoot('node_modules', '.bin', 'vitest'),
    ['run', ...(filters.length > 0 ? filters : KERNEL_TESTS)],
    {
      env: { ...process.env, ...sanitizedEnvironment(`${BUILD}/Release/inplace_abn.node`) },
    },
  );
});

/** @param {string} addon */
function sanitizedEnvironment(addon) {
  const compiler = process.env.CXX ?? 'c++';
  const { stdout } = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  return {
    IABN_ADDON: addon,
    // Node itself is not built with it, so it is not loaded first by itself.
    LD_PRELOAD: stdout.trim(),
    // V8 leaves its heap to the system at exit.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}
