// Runs a benchmark of bench/.  npm run bench -- NAME [options]
import { existsSync } from 'node:fs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, StepError } from './lib/steps.mjs';

await runMain(async () => {
  const runner = inRoot('bench', 'run.mjs');
  if (!existsSync(runner)) throw new StepError('bench/run.mjs is missing: this checkout has no benchmarks');
  await setup();
  await buildPackages();
  return runAttached(process.execPath, [runner, ...process.argv.slice(2)]);
});
