// Trains a small ResNet with in-place ABN on Fashion-MNIST.  npm run demo
import { DATA, prepareData } from './lib/fashion-mnist.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { reportRun } from './lib/run-summary.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, step } from './lib/steps.mjs';

const CONFIG = 'apps/train-imagenet/experiments/demo_fashion_mnist.json';

await runMain(async () => {
  await setup();
  await buildPackages();
  await step(`Fashion-MNIST as an image folder in ${DATA}`, prepareData);

  // Loaded here because it is built by now.
  const { newRunFolder } = await import('../packages/train/dist/index.js');
  const folder = newRunFolder('demo', new Date());
  const program = ['apps/train-imagenet/dist/main.js', CONFIG, DATA, '--log-dir', folder];
  const status = await runAttached(process.execPath, [...program, ...process.argv.slice(2)]);
  return reportRun(status, folder);
});
