// @ts-check
// Cross-builds the addon for Linux on ARM, runs kernel tests and a training with it on an emulated CPU, and
// moves a checkpoint from this machine to it and back.
//   npm run test:arm64 [-- vitest's filters]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildArm64 } from '../tools/arm64/build.mjs';
import { emulated } from '../tools/arm64/emulated.mjs';
import { ensureSystemPackages } from './lib/debian.mjs';
import { inRoot } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runMain } from './lib/steps.mjs';
import { emulatedKernelTests, Results } from './lib/tests.mjs';

const CHECKPOINTS = 'tools/arm64/checkpoints.test.ts';

await runMain(async () => {
  await setup();
  await ensureSystemPackages(['qemu-user-static']);
  const arm = emulated(inRoot(await buildArm64(), 'Release', 'inplace_abn.node'));
  const results = new Results('test-arm64');
  const filters = process.argv.slice(2);
  await results.vitest(filters.length > 0 ? filters : emulatedKernelTests('8|16'), arm);
  if (filters.length > 0) return results.close();
  const folder = mkdtempSync(path.join(tmpdir(), 'checkpoints-'));
  try {
    for (const machine of [{}, arm, {}]) {
      await results.vitest([CHECKPOINTS], { ...machine, IABN_TEST_CHECKPOINTS: folder });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results.close();
});
