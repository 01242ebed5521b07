#!/usr/bin/env node
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
/** train-imagenet: command line → @inplace-abn/train. */
import {
  collectVersions,
  evaluate,
  formatValidation,
  loadConfig,
  nonNegative,
  positive,
  runCommand,
  runProgram,
  signalExitCode,
  type TrainConfig,
  type TrainOptions,
  train,
} from '@inplace-abn/train';
import { Command } from 'commander';

interface Options {
  readonly workers: number;
  readonly printFreq: number;
  readonly resume?: string;
  readonly evaluate?: boolean;
  readonly weightsOnly?: boolean;
  readonly dropClassifier?: boolean;
  readonly logDir: string;
  readonly logHist?: boolean;
  readonly saveEvery: number;
  readonly maxSteps?: number;
  readonly distBackend?: string;
}

const command = new Command('train-imagenet')
  .description(
    'Train a network with in-place activated batch norm on a folder of images: to classify them or, where the configuration says so, to segment them.',
  )
  .argument('<config>', 'JSON configuration: network, optimizer and input sections over the defaults')
  .argument(
    '<dir>',
    'image folder: DIR/train/CLASS/*.{jpg,jpeg,png} and DIR/val/CLASS/*; to segment, DIR/{train,val}/{images,labels}/*',
  )
  .option('-j, --workers <n>', 'images in work at a time', positive, 2)
  .option('-p, --print-freq <n>', 'steps between lines where the output is no terminal', positive, 10)
  .option(
    '--resume <path>',
    'checkpoint (.pth.tar, .pth, .safetensors), or folder of checkpoints, to continue from',
  )
  .option('--weights-only', 'take only the weights of --resume: a new run from epoch 1, with a new optimiser')
  .option(
    '--drop-classifier',
    'the same without the classifier, for other classes; to segment, also with a classification network as the body',
  )
  .option('-e, --evaluate', 'validate the checkpoint of --resume and stop')
  .option(
    '--log-dir <dir>',
    'run folder: configuration, metrics, TensorBoard events, checkpoints, report.html',
    '.',
  )
  .option('--log-hist', 'TensorBoard histograms of the fc (cls) and bn_out parameters every 10 steps')
  .option('--save-every <n>', 'also save a checkpoint every n steps (0: after epochs only)', nonNegative, 0)
  .option('--max-steps <n>', 'save and stop after n steps in all', positive)
  .option('--dist-backend <name>', 'backend of distributed training; this version trains in one process')
  .addHelpText(
    'after',
    `
Examples:
  train-imagenet experiments/demo_fashion_mnist.json .cache/fashion-mnist --log-dir runs/first
  train-imagenet config.json data --log-dir runs/first --resume runs/first/checkpoints
  train-imagenet config.json data --evaluate --resume runs/first/checkpoints/best.safetensors

Ctrl-C finishes the step, saves and stops (exit code 130); twice kills. Exit codes: 0 done, 1 error, 2 usage.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 what the compiler decides.`,
  )
  .action((config: string, dir: string, options: Options) => runProgram(() => main(config, dir, options)));

async function main(configPath: string, dir: string, options: Options): Promise<number> {
  const config = await loadConfig(configPath, { architectures: ARCHITECTURES });
  if (options.distBackend) process.stderr.write('--dist-backend has no effect: one process trains\n');
  return options.evaluate ? evaluateOnly(config, dir, options) : trainRun(config, dir, options);
}

async function evaluateOnly(config: TrainConfig, data: string, options: Options): Promise<number> {
  const { resume, workers, printFreq } = options;
  if (!resume) throw new Error('--evaluate needs the checkpoint to validate: add --resume PATH');
  const result = await evaluate({ config, data, device: cpu(), workers, printFreq, resume });
  process.stdout.write(`${formatValidation(result)}\n`);
  return 0;
}

function taking({ resume, weightsOnly, dropClassifier }: Options): TrainOptions['take'] {
  if (!resume && (weightsOnly || dropClassifier)) {
    const option = dropClassifier ? '--drop-classifier' : '--weights-only';
    throw new Error(`${option} needs the checkpoint to take weights from: add --resume PATH`);
  }
  if (dropClassifier) return 'weights without classifier';
  return weightsOnly ? 'weights' : 'everything';
}

async function trainRun(config: TrainConfig, data: string, options: Options): Promise<number> {
  const { workers, printFreq, resume, logDir, saveEvery, maxSteps } = options;
  const versions = collectVersions(import.meta.url);
  const run = {
    take: taking(options),
    workers,
    printFreq,
    resume,
    logDir,
    saveEvery,
    maxSteps,
    histograms: options.logHist,
  };
  const { stopped } = await train({ config, data, device: cpu(), versions, ...run });
  return stopped && stopped !== 'max-steps' ? signalExitCode(stopped) : 0;
}

await runCommand(command);
