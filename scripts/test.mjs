// Every check of the project.  npm test [-- vitest's filters]
// Checks go on after one that fails, so that a run shows everything; the last line counts checks and tests.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TEST_PACKAGES } from './lib/debian.mjs';
import { buildEmulatedDevice } from './lib/native.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { filesUnder } from './lib/stamp.mjs';
import { runAttached, runLogged, runMain, StepError, say, step } from './lib/steps.mjs';
import { countTests } from './lib/vitest-report.mjs';

const REPORT = inRoot('.cache', 'vitest-report.json');
const tool = (name) => inRoot('node_modules', '.bin', name);
const nativeSources = filesUnder('native', ['build', 'node_modules']).filter((file) =>
  /\.(cc|cu|h)$/.test(file),
);

const BIOME = ['check', '--error-on-warnings', '--max-diagnostics=100'];
const CLANG_FORMAT = ['--dry-run', '-Werror', ...nativeSources];

const CHECKS = [
  buildPackages,
  buildEmulatedDevice,
  () => step('lint and format', () => runLogged('biome', tool('biome'), BIOME)),
  () => step('types', () => runLogged('tsc', tool('tsc'), ['--noEmit'])),
  () => step('import order', () => runLogged('imports', process.execPath, ['tools/check-imports.mjs'])),
  () => step('format of native/', () => runLogged('clang-format', 'clang-format', CLANG_FORMAT)),
];

/** @returns {Promise<boolean>} */
async function passes(check) {
  try {
    await check();
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    return false;
  }
}

async function runTests() {
  rmSync(REPORT, { force: true });
  const reporters = [
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${path.relative(root, REPORT)}`,
  ];
  const status = await runAttached(tool('vitest'), ['run', ...reporters, ...process.argv.slice(2)]);
  const { passed, failed } = countTests(
    existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : undefined,
  );
  // An error outside any test (an unhandled rejection, a lost worker) fails the run without failing a test.
  return { passed, failed: status !== 0 && failed === 0 ? 1 : failed };
}

await runMain(async () => {
  const count = { passed: 0, failed: 0 };
  if (await passes(() => setup({ packages: TEST_PACKAGES }))) {
    for (const check of CHECKS) count[(await passes(check)) ? 'passed' : 'failed'] += 1;
    const tests = await runTests();
    count.passed += tests.passed;
    count.failed += tests.failed;
  } else {
    count.failed += 1;
  }
  process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 ? 0 : 1;
});
