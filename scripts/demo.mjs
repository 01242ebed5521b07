// Trains a small ResNet with in-place ABN on Fashion-MNIST.  npm run demo
import { DATA, prepareData } from './lib/fashion-mnist.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { reportRun } from './lib/run-summary.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, step } from './lib/steps.mjs';

const CONFIG = 'apps/train-imagenet/experiments/demo_fashion_mnist.json';

const HELP = `Usage: npm run demo [-- OPTIONS]

Train a small ResNet with in-place ABN on Fashion-MNIST. The first run installs dependencies, builds and
prepares the images. At the end it prints accuracy, time, memory, and the run folder with report.html.

Examples:
  npm run demo
  npm run demo -- --max-steps 40
  npm run demo -- --set optimizer.learning_rate=0.05

OPTIONS are those of npm run train-imagenet -- --help.
Exit codes: 0 done, 1 error, 2 usage, 128 + N stopped by signal N and saved.
`;

await runMain(async () => {
  const args = process.argv.slice(2);
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  await setup();
  await buildPackages();
  await step(`Fashion-MNIST as an image folder in ${DATA}`, prepareData);

  // Loaded here because it is built by now.
  const { newRunFolder } = await import('../packages/train/dist/index.js');
  const folder = newRunFolder('demo', new Date());
  const program = ['apps/train-imagenet/dist/main.js', CONFIG, DATA, '--log-dir', folder];
  const status = await runAttached(process.execPath, [...program, ...args]);
  return reportRun(status, folder);
});
