// The checks that are too slow to run before a commit, including the packed packages on minimal systems (as
// root); CI runs them, too.  npm run test:all [-- [--onednn] vitest's filters]
// --onednn: checks packages as they are published, which needs a build of oneDNN.
import { existsSync } from 'node:fs';
import { ensureSystemPackages } from './lib/debian.mjs';
import { buildEmulatedDevice, buildOwnKernels, buildWasm, OWN_KERNELS, WASM_ADDON } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runLogged, runMain, StepError, say, step } from './lib/steps.mjs';
import { OWN_KERNEL_TESTS, Results, WASM_KERNEL_TESTS, WASM_TESTS } from './lib/tests.mjs';

const FUZZ_MINUTES = '1';
const FUZZ_SEED = '20181';

const fuzz = (name) => () =>
  step(`fuzzing: ${name}`, () =>
    runLogged(name, process.execPath, [`tools/${name}/fuzz.mjs`, FUZZ_MINUTES, FUZZ_SEED]),
  );

/** For kernel tests; all others run on one thread. */
const TWO_THREADS = { IABN_TEST_THREADS: '2' };

const CHECKS = [buildPackages, buildEmulatedDevice, fuzz('fuzz-checkpoint')];
const IS_ROOT = process.getuid?.() === 0;

/** Emscripten takes 1 GB, and some systems do not have it. Checks that need it are then left out. */
async function tryEmscripten() {
  try {
    await ensureSystemPackages(['emscripten']);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(`! ${error.message}`);
  }
}

await runMain(async () => {
  // debootstrap makes minimal systems, which only root may.
  await setup({ packages: IS_ROOT ? ['debootstrap'] : [] });
  if (IS_ROOT) await tryEmscripten();
  // Loaded here because it needs the npm dependencies that setup installs.
  const [options, filters] = [true, false].map((packing) =>
    process.argv.slice(2).filter((each) => (each === '--onednn') === packing),
  );
  const { packageChecks } = await import('../tools/release/checks.mjs');
  const results = new Results('test-all');
  for (const check of [...CHECKS, ...packageChecks(options)]) await results.check(check);
  await results.vitest(['--config', 'vitest.long.config.ts', ...filters]);
  if (await results.check(buildOwnKernels))
    await results.vitest(OWN_KERNEL_TESTS, { IABN_ADDON: inRoot(OWN_KERNELS), ...TWO_THREADS });
  if ((await results.check(buildWasm)) && existsSync(inRoot(WASM_ADDON))) {
    await results.vitest(WASM_KERNEL_TESTS, { IABN_ADDON: inRoot(WASM_ADDON), ...TWO_THREADS });
    await results.vitest(WASM_TESTS);
  }
  return results.close();
});
