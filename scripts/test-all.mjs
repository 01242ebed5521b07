// The checks that take longer than a commit should wait, with the packed packages on minimal systems (as
// root); CI runs them after `npm test`.  npm run test:all [-- [--onednn] vitest's filters]
// --onednn: of packages as npm gets them, which takes a build of oneDNN.
import { existsSync } from 'node:fs';
import { buildEmulatedDevice, buildOwnKernels, buildWasm, OWN_KERNELS, WASM_ADDON } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runLogged, runMain, step } from './lib/steps.mjs';
import { OWN_KERNEL_TESTS, Results, WASM_KERNEL_TESTS, WASM_TESTS } from './lib/tests.mjs';

const FUZZ_MINUTES = '1';
const FUZZ_SEED = '20181';

const fuzz = (name) => () =>
  step(`fuzzing: ${name}`, () =>
    runLogged(name, process.execPath, [`tools/${name}/fuzz.mjs`, FUZZ_MINUTES, FUZZ_SEED]),
  );

const CHECKS = [buildPackages, buildEmulatedDevice, fuzz('fuzz-checkpoint')];
/** debootstrap makes minimal systems, which only root may. Others may lack emscripten, of 1 GB. */
const ROOT_PACKAGES = process.getuid?.() === 0 ? ['debootstrap', 'emscripten'] : [];

await runMain(async () => {
  await setup({ packages: ROOT_PACKAGES });
  // Loaded here because it needs the npm dependencies that setup installs.
  const [options, filters] = [true, false].map((packing) =>
    process.argv.slice(2).filter((each) => (each === '--onednn') === packing),
  );
  const { packageChecks } = await import('../tools/release/checks.mjs');
  const results = new Results('test-all');
  for (const check of [...CHECKS, ...packageChecks(options)]) await results.check(check);
  await results.vitest(['--config', 'vitest.long.config.ts', ...filters]);
  if (await results.check(buildOwnKernels))
    await results.vitest(OWN_KERNEL_TESTS, { IABN_ADDON: inRoot(OWN_KERNELS) });
  if ((await results.check(buildWasm)) && existsSync(inRoot(WASM_ADDON))) {
    await results.vitest(WASM_KERNEL_TESTS, { IABN_ADDON: inRoot(WASM_ADDON) });
    await results.vitest(WASM_TESTS);
  }
  return results.close();
});
