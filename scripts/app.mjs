// Runs a program in the caller's folder after bringing the build up to date.
//   npm run train-imagenet -- CONFIG DIR [options]      npm run plan -- CONFIG --batch N [--json]
//   npm run test-imagenet -- CONFIG CHECKPOINT DIR [options]
//   npm run replay -- RUN DIR --step N     npm run compare -- RUN_A RUN_B DIR
//   npm run export -- CHECKPOINT OUT.onnx
//   npm run convert -- IN OUT [options]     npm run data -- check DIR [options]
//   npm run predict -- CHECKPOINT IMAGES… [options]
//   npm run test-vistas -- SNAPSHOT IN_DIR OUT_DIR [options]
//   npm run inspect -- FILE [--json]       npm run doctor [-- --json]
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, StepError } from './lib/steps.mjs';

const PROGRAMS = {
  data: 'apps/train-imagenet/dist/data.js',
  convert: 'apps/test-imagenet/dist/convert.js',
  export: 'packages/inplace-abn/bin/inplace-abn.js export',
  doctor: 'packages/cuda/dist/cli/doctor.js',
  inspect: 'packages/checkpoint/dist/cli/inspect.js',
  plan: 'apps/train-imagenet/dist/plan.js',
  replay: 'apps/train-imagenet/dist/replay.js',
  compare: 'apps/train-imagenet/dist/compare.js',
  predict: 'apps/predict/dist/main.js',
  'train-imagenet': 'apps/train-imagenet/dist/main.js',
  'test-imagenet': 'apps/test-imagenet/dist/main.js',
  'test-vistas': 'apps/test-vistas/dist/main.js',
};

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2);
  const program = PROGRAMS[name];
  if (!program) throw new StepError(`unknown program ${name}; there are ${Object.keys(PROGRAMS).join(', ')}`);
  await setup();
  await buildPackages();
  // npm and pnpm start scripts in the root; a relative path means the folder where the user stands.
  const [file = '', ...first] = program.split(' ');
  return runAttached(process.execPath, [inRoot(file), ...first, ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });
});
