// Plan, train, inspect, audit, budget, convert and export on Fashion-MNIST, in a few minutes.  npm run tour
import { DATA, prepareData } from './lib/fashion-mnist.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, step } from './lib/steps.mjs';

await runMain(async () => {
  await setup();
  await buildPackages();
  await step(`Fashion-MNIST as an image folder in ${DATA}`, prepareData);
  return runAttached(process.execPath, ['examples/tour/run.mjs', DATA, ...process.argv.slice(2)]);
});
