// The CUDA tests on a GPU.  npm run test:cuda [-- vitest's filters]
// Where compute-sanitizer is installed the kernel tests run once more under each of its tools.
import { spawnSync } from 'node:child_process';
import { inRoot } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, say } from './lib/steps.mjs';

const KERNELS = 'packages/cuda/test/kernels';
const TESTS = [KERNELS, 'packages/recipes/test/engine/cuda.long.test.ts'];
/** The short tests and the long ones, which have most of the cases. */
const CONFIGS = ['vitest.config.ts', 'vitest.long.config.ts'];
const TOOLS = ['memcheck', 'racecheck', 'initcheck'];

await runMain(async () => {
  await setup();
  process.env.IABN_CUDA_TEST = 'gpu';
  const vitest = inRoot('node_modules', '.bin', 'vitest');
  const filters = process.argv.slice(2);
  const chosen = filters.length > 0 ? filters : TESTS;
  for (const config of CONFIGS) {
    const status = await runAttached(vitest, ['run', '--config', config, '--passWithNoTests', ...chosen]);
    if (status !== 0) return status;
  }
  if (spawnSync('compute-sanitizer', ['--version']).status !== 0) {
    say('! compute-sanitizer is not installed: memory, races and initialization were not checked');
    return 0;
  }
  for (const tool of TOOLS) {
    say(`compute-sanitizer: ${tool}`);
    const args = ['--tool', tool, '--target-processes', 'all', '--error-exitcode', '1'];
    for (const config of CONFIGS) {
      const run = [...args, vitest, 'run', '--config', config, KERNELS];
      const found = await runAttached('compute-sanitizer', run);
      if (found !== 0) return found;
    }
  }
  return 0;
});
