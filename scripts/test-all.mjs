// The checks that take longer than a commit should wait, with the packed packages on minimal systems (as root); CI runs
// them after `npm test`.  npm run test:all [-- vitest's filters]
import { packageChecks } from '../tools/release/checks.mjs';
import { buildEmulatedDevice } from './lib/native.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runLogged, runMain, step } from './lib/steps.mjs';
import { closingLine, passes, runVitest } from './lib/tests.mjs';

const FUZZ_MINUTES = '1';
const FUZZ_SEED = '20181';

const fuzz = (name) => () =>
  step(`fuzzing: ${name}`, () =>
    runLogged(name, process.execPath, [`tools/${name}/fuzz.mjs`, FUZZ_MINUTES, FUZZ_SEED]),
  );

const CHECKS = [buildPackages, buildEmulatedDevice, fuzz('fuzz-checkpoint'), ...packageChecks()];

await runMain(async () => {
  await setup();
  const count = { passed: 0, failed: 0 };
  for (const check of CHECKS) count[(await passes(check)) ? 'passed' : 'failed'] += 1;
  const tests = await runVitest(['--config', 'vitest.long.config.ts', ...process.argv.slice(2)]);
  return closingLine({ passed: count.passed + tests.passed, failed: count.failed + tests.failed });
});
