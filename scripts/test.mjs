// The checks a contributor runs before a commit.  npm test [-- vitest's filters]
// A failed check does not stop the others, so that a run shows everything; the last line counts checks and
// tests.
import { TEST_PACKAGES } from './lib/debian.mjs';
import { buildEmulatedDevice } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { filesUnder } from './lib/stamp.mjs';
import { runLogged, runMain, step } from './lib/steps.mjs';
import { Results } from './lib/tests.mjs';

const tool = (name) => inRoot('node_modules', '.bin', name);
const nativeSources = filesUnder('native', ['build', 'node_modules']).filter((file) =>
  /\.(cc|cu|h)$/.test(file),
);

const BIOME = ['check', '--error-on-warnings', '--max-diagnostics=100'];
// Skips files that have not changed since the last run.
const SPELLING = [
  'lint',
  '--no-progress',
  '--no-summary',
  '--cache',
  '--cache-location',
  inRoot('.cache', 'cspell'),
];
const CLANG_FORMAT = ['--dry-run', '-Werror', ...nativeSources];

/** Independent of each other; the longest come first. */
const CHECKS = [
  () => step('types', () => runLogged('tsc', tool('tsc'), ['--noEmit'])),
  () => step('spelling', () => runLogged('cspell', tool('cspell'), SPELLING)),
  () => step('lint and format', () => runLogged('biome', tool('biome'), BIOME)),
  () => step('import order', () => runLogged('imports', process.execPath, ['tools/check-imports.mjs'])),
  () => step('manifests', () => runLogged('manifests', process.execPath, ['tools/check-manifests.mjs'])),
  () => step('prose and links', () => runLogged('prose', process.execPath, ['tools/prose/check.mjs'])),
  () => step('format of native/', () => runLogged('clang-format', 'clang-format', CLANG_FORMAT)),
];

await runMain(async () => {
  const results = new Results('test');
  if (await results.check(() => setup({ packages: TEST_PACKAGES }))) {
    for (const build of [buildPackages, buildEmulatedDevice]) await results.check(build);
    await results.checkTogether(CHECKS);
    await results.vitest(process.argv.slice(2));
  }
  return results.close();
});
