// Runs a benchmark of bench/.  npm run bench -- NAME [options]      npm run bench:cuda
import { existsSync } from 'node:fs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, StepError } from './lib/steps.mjs';

/** All benchmarks of the CUDA device, into the file that is kept of them. */
const CUDA = ['bench/cuda.mjs', inRoot('bench', 'RESULTS-cuda.md')];

await runMain(async () => {
  const args = process.argv.slice(2);
  const [runner, ...rest] = args.includes('--cuda') ? CUDA : ['bench/run.mjs', ...args];
  if (!existsSync(inRoot(runner)))
    throw new StepError(`${runner} is missing: this checkout has no benchmarks`);
  await setup();
  await buildPackages();
  return runAttached(process.execPath, [inRoot(runner), ...rest]);
});
