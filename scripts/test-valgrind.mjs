// @ts-check
// Kernel tests on our own kernels under valgrind, which also finds reads of uninitialized memory. The CPU
// that it simulates has no AVX-512.
//   npm run test:valgrind [-- vitest's filters]
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { errorsIn } from '../tools/valgrind/errors.mjs';
import { otherNode } from '../tools/vitest/other-node-environment.mjs';
import { ensureSystemPackages } from './lib/debian.mjs';
import { buildOwnKernels, OWN_KERNELS } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runMain, StepError } from './lib/steps.mjs';
import { emulatedKernelTests, Results } from './lib/tests.mjs';

const REPORTS = inRoot('.cache', 'valgrind');
const OPTIONS = [
  '--leak-check=no',
  '--error-limit=no',
  '--num-callers=30',
  '--xml=yes',
  '--max-stackframe=16777216',
];

await runMain(async () => {
  await setup();
  await ensureSystemPackages(['valgrind']);
  await buildOwnKernels();
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const file = `--xml-file=${path.join(REPORTS, '%p.xml')}`;
  const filters = process.argv.slice(2);
  const results = new Results('test-valgrind');
  await results.vitest(filters.length > 0 ? filters : emulatedKernelTests('16'), {
    ...otherNode(path.join(REPORTS, 'node'), ['valgrind', ...OPTIONS, file, process.execPath]),
    IABN_ADDON: inRoot(OWN_KERNELS),
  });
  await results.check(async () => {
    const reports = readdirSync(REPORTS).filter((name) => name.endsWith('.xml'));
    const errors = reports.flatMap((name) =>
      errorsIn(readFileSync(path.join(REPORTS, name), 'utf8'), path.basename(OWN_KERNELS)),
    );
    if (reports.length === 0) throw new StepError('valgrind wrote no report');
    if (errors.length > 0) throw new StepError([...new Set(errors)].join('\n'));
  });
  return results.close();
});
