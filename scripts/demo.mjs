// Trains a small ResNet with in-place ABN on Fashion-MNIST.  npm run demo
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DATA, prepareData } from './lib/fashion-mnist.mjs';
import { root } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { formatRunSummary } from './lib/run-summary.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, say, step } from './lib/steps.mjs';

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
  if (status !== 0) {
    say(`the training run ended with status ${status}; its folder is ${folder}`);
    return status;
  }
  const file = path.join(root, folder, 'summary.json');
  // Options may have asked for something else than a run, such as --help, or for another folder.
  if (!existsSync(file)) return 0;
  const summary = JSON.parse(readFileSync(file, 'utf8'));
  process.stdout.write(`\n${formatRunSummary(summary, folder)}\n`);
  return 0;
});
