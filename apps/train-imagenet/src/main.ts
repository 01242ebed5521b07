#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CommandLineError, commandLine, runCommand, signalExitCode, withAdvice } from '@inplace-abn/cli';
import { launch, launchedProcesses, type Processes, withoutOption } from '@inplace-abn/comm';
import type { Device, PriceList } from '@inplace-abn/core';
import { checkProcessDevice, chooseProcessDevice, deviceOption, type ProcessDevice } from '@inplace-abn/cuda';
import { ARCHITECTURES } from '@inplace-abn/models';
/** train-imagenet: trains a network on a folder of images. */
import {
  bytes,
  configHash,
  distBackendOption,
  dryRun,
  type Engine,
  evaluate,
  loadConfig,
  localRankOption,
  type NormMode,
  nonNegative,
  type Override,
  pixels,
  positive,
  pricesOption,
  reasonWithOption,
  setOption,
  type TrainConfig,
  together,
  train,
  trainedWithOption,
} from '@inplace-abn/recipes';
import {
  collectVersions,
  formatValidation,
  newRunFolder,
  type Peers,
  runFolderOf,
  StepTrace,
  type Taking,
  traceFile,
} from '@inplace-abn/train';
import { Command, Option } from 'commander';
import { ADVICE, continueWith } from './advice.js';
import { Profiler } from './profiler.js';

interface Options extends ProcessDevice {
  readonly localRank?: number;
  readonly profile?: boolean;
  readonly prices?: PriceList;
  readonly workers: number;
  readonly printFreq: number;
  readonly resume?: string;
  readonly weights?: string;
  readonly evaluate?: boolean;
  readonly weightsOnly?: boolean;
  readonly dropClassifier?: boolean;
  readonly trainedWith?: NormMode;
  readonly logDir?: string;
  readonly logHist?: boolean;
  readonly saveEvery: number;
  readonly maxSteps?: number;
  readonly memoryBudget?: number;
  readonly nproc?: number;
  readonly maxPixels?: number;
  readonly cache?: string;
  readonly continue?: boolean;
  readonly trace?: string;
  readonly set: readonly Override[];
  readonly dryRun?: boolean;
}

const command = new Command('train-imagenet')
  .description(
    'Train a network with in-place activated batch norm to classify or segment a folder of images.',
  )
  .argument(
    '<config>',
    'JSON configuration: network, optimizer, input, augmentation and other sections over the defaults',
  )
  .argument(
    '<dir>',
    'image folder: DIR/train/CLASS/*.{jpg,png,…} and DIR/val/CLASS/*; to segment, DIR/{train,val}/{images,labels}/*',
  )
  .addOption(setOption())
  .option(
    '--dry-run',
    'open the data, plan, make one training step and one validation batch, and write nothing',
  )
  .option('-j, --workers <n>', 'images to load in parallel', positive, 2)
  .option(
    '--cache <dir>',
    'keep decoded images for later epochs and runs in this folder, or in memory (ram); --set data.cache_limit=20GB limits it',
  )
  .option('-p, --print-freq <n>', 'print every N steps if the output is not a terminal', positive, 10)
  .option(
    '--resume <path>',
    'continue from a checkpoint (.pth.tar, .pth, .safetensors) or a folder of checkpoints',
  )
  .option(
    '--weights <file>',
    'start a new run from the weights of a checkpoint, including torchvision’s and timm’s: convert them to the batch norm of the ' +
      'configuration, and start a new classifier if number, names or order of the classes differ',
  )
  .option(
    '--max-pixels <n>',
    'reject images with more pixels, since a small file may claim any size (default: 134217728, 0.4 GB decoded; less for crops below 91×91)',
    pixels,
  )
  .addOption(deviceOption())
  .option('--weights-only', 'start a new run with the weights of --resume alone: epoch 1, new optimizer')
  .option(
    '--drop-classifier',
    'like --weights-only, with a new classifier for other classes; for segmentation, a classification network can be the body',
  )
  .addOption(trainedWithOption())
  .option('-e, --evaluate', 'validate the checkpoint of --resume and stop')
  .option(
    '--log-dir <dir>',
    'run folder: configuration, metrics, TensorBoard events, checkpoints, report.html (default: the run of --resume, else runs/NAME-DATE)',
  )
  .option('--log-hist', 'write TensorBoard histograms of the fc (cls) and bn_out parameters every 10 steps')
  .option('--save-every <n>', 'also save a checkpoint every n steps (0: after epochs only)', nonNegative, 0)
  .option('--max-steps <n>', 'save and stop after n steps in all', positive)
  .addOption(
    new Option(
      '--memory-budget <bytes>',
      'recompute values until weights, optimizer state and arena of each process fit these bytes: 8GB, 1.5GiB; ' +
        'results stay the same (default: memory_budget of the configuration)',
    ).argParser(bytes),
  )
  .option('--continue', 'continue the run in --log-dir, or start it: repeat the same command after a failure')
  .option(
    '--nproc <n>',
    'train with n processes on this machine, each with its part of every batch',
    positive,
  )
  .addOption(distBackendOption())
  .addOption(localRankOption())
  .option(
    '--profile',
    'time every op: write a table by op and layer to the report and LOG_DIR/profile, and a Chrome trace',
  )
  .addOption(
    pricesOption(
      'read times of `plan --measure-prices`: show them next to measured ones with --profile, and choose by seconds what a memory budget recomputes',
    ),
  )
  .option('--trace <file>', 'write the times of ten steps as a Chrome trace; rank N writes FILE.rankN')
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} experiments/demo_fashion_mnist.json .cache/fashion-mnist
  ${command.name()} config.json data --log-dir runs/first
  ${command.name()} config.json data --set optimizer.learning_rate=0.2 --set ema.decay=0.999 --dry-run
  ${command.name()} config.json data --resume runs/first/checkpoints
  ${command.name()} config.json data --evaluate --resume runs/first/checkpoints/best.safetensors
  ${command.name()} config.json data --weights resnet50.pth --log-dir runs/tuned
  ${command.name()} config.json data --log-dir runs/two --nproc 2
  torchrun --no-python --nproc-per-node 2 ${command.name()} config.json data --log-dir runs/two --continue

SIGTERM, Ctrl-C or a lost terminal (unless under nohup) saves and stops the run, even during validation; a second signal kills.
Exit codes: 0 done, 1 error, 2 usage, 128 + N stopped by signal N and saved.
Several processes: --nproc, or any launcher that sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, or Slurm's or Open MPI's
names; docs/many-processes.md. Each takes its part of optimizer.batch_size; rank 0 writes.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 decisions of the compiler.`,
  )
  .action(async (config: string, dir: string, options: Options) => {
    process.exitCode = await main(config, dir, options);
  });

async function main(configPath: string, dir: string, options: Options): Promise<number> {
  checkOptions(options);
  checkProcessDevice(options);
  const { nproc = 1 } = options;
  if (nproc > 1) return launch({ nproc, argv: withoutOption(process.argv.slice(1), 'nproc') });
  const config = await configOf(configPath, options);
  if (options.prices && !options.profile && config.memory_budget < 0) {
    throw new CommandLineError(
      '--prices is for --profile and for a memory budget: add --profile or --memory-budget BYTES',
    );
  }
  const work = (peers: Peers, processes: Processes | null) => {
    const { device, reason } = chooseProcessDevice(options, processes?.world.localRank ?? options.localRank);
    if (peers.rank === 0) process.stdout.write(`${reason}\n`);
    return options.evaluate
      ? evaluateOnly(config, dir, options, { device, peers })
      : trainRun(config, dir, { ...options, configPath }, { device, peers, processes });
  };
  return together(identityOf(config, options), work, options.localRank);
}

/** Checks options before this process starts other processes or connects to them. */
function checkOptions({
  resume,
  weights,
  weightsOnly,
  dropClassifier,
  trainedWith,
  evaluate: only,
  logDir,
  ...options
}: Options): void {
  const wanting = [
    only && '--evaluate needs the checkpoint to validate',
    weightsOnly && '--weights-only needs the checkpoint to take weights from',
    dropClassifier && '--drop-classifier needs the checkpoint to take weights from',
    trainedWith && weights === undefined && '--trained-with needs a checkpoint',
  ].find(Boolean);
  if (weights !== undefined && weightsOnly) {
    throw new CommandLineError('--weights begins a new run with the weights alone: leave out --weights-only');
  }
  if (resume !== undefined && weights !== undefined) {
    throw new CommandLineError('--weights begins a new run and --resume continues one: give one of them');
  }
  if (resume === undefined && wanting) throw new CommandLineError(`${wanting}: add --resume PATH`);
  if (only && options.prices)
    throw new CommandLineError('--prices is for training steps: --evaluate makes none');
  if (options.continue && logDir === undefined) {
    throw new CommandLineError('--continue needs the run folder, the same each time: add --log-dir DIR');
  }
}

async function configOf(
  path: string,
  { memoryBudget, cache, set, continue: goesOn, resume, logDir = '' }: Options,
): Promise<TrainConfig> {
  const kept = cache === undefined ? [] : [{ path: ['data', 'cache'], value: cacheNamed(cache) }];
  const overrides = [...set, ...kept];
  const ofRun = resume !== undefined || (goesOn === true && existsSync(join(logDir, 'config.json')));
  const config = await loadConfig(path, { architectures: ARCHITECTURES, overrides, ofRun });
  return memoryBudget === undefined ? config : { ...config, memory_budget: memoryBudget };
}

/**
 * On the command line, a folder is relative to the working directory; in a configuration, to the data folder.
 */
function cacheNamed(name: string): string {
  return name === 'ram' ? name : resolve(name);
}

/** Settings that all processes of a run must share; compared at the rendezvous. */
function identityOf(config: TrainConfig, options: Options): Record<string, string> {
  const { evaluate: only = false, maxSteps, saveEvery, trainedWith, maxPixels } = options;
  return {
    version: String(collectVersions(import.meta.url).packages['@inplace-abn/train-imagenet']),
    configuration: configHash(config),
    'command line': JSON.stringify({
      evaluate: only,
      maxSteps,
      saveEvery,
      trainedWith,
      maxPixels,
      memory: config.memory_budget,
    }),
  };
}

/** Device and processes of a run. */
interface Setting {
  readonly device: Device;
  readonly peers: Peers;
  readonly processes: Processes | null;
}

async function evaluateOnly(
  config: TrainConfig,
  data: string,
  options: Options,
  { device, peers }: Omit<Setting, 'processes'>,
): Promise<number> {
  const { resume = '', workers, maxPixels, printFreq, trainedWith } = options;
  const evaluation = { config, data, device, workers, maxPixels, printFreq, resume, trainedWith, peers };
  const result = await withAdvice(ADVICE, () => evaluate({ ...evaluation, skipReason: reasonWithOption }));
  if (peers.rank === 0) process.stdout.write(`${formatValidation(result)}\n`);
  return 0;
}

function taking({ weights, weightsOnly, dropClassifier }: Options): Taking {
  if (weights !== undefined) return 'start';
  if (dropClassifier) return 'weights without classifier';
  return weightsOnly ? 'weights' : 'everything';
}

function logDirOf(
  { logDir, resume, configPath }: Options & { readonly configPath: string },
  take: Taking,
): string {
  if (logDir !== undefined) return logDir;
  const continued = resume !== undefined && take === 'everything' ? runFolderOf(resume) : undefined;
  return continued ?? newRunFolder(configPath, new Date());
}

/** The command that the user typed. The launcher removes `--nproc` from the arguments of its processes. */
function commandTyped(): string {
  const launched = launchedProcesses();
  const given = process.argv.slice(2);
  return commandLine(command.name(), launched === null ? given : ['--nproc', String(launched), ...given]);
}

async function dry(
  config: TrainConfig,
  data: string,
  options: Options,
  { device, peers }: Omit<Setting, 'processes'>,
): Promise<number> {
  const { workers, maxPixels, printFreq, weights, resume = weights, trainedWith, prices, logDir } = options;
  const run = { config, data, device, workers, maxPixels, printFreq, resume, trainedWith, prices, peers };
  const begin = { take: taking(options), logDir, continueRun: options.continue };
  await withAdvice(ADVICE, () => dryRun({ ...run, ...begin }));
  return 0;
}

async function trainRun(
  config: TrainConfig,
  data: string,
  options: Options & { readonly configPath: string },
  { device, peers, processes }: Setting,
): Promise<number> {
  const { workers, maxPixels, printFreq, weights, resume = weights, saveEvery, maxSteps } = options;
  const take = taking(options);
  if (options.dryRun) return dry(config, data, options, { device, peers });
  // All processes use one folder, even if they start at different seconds.
  const logDir = await peers.fromFirst(peers.rank === 0 ? logDirOf(options, take) : null);
  if (peers.rank === 0) process.stdout.write(`run folder ${logDir}\n`);
  let trace: StepTrace | null = null;
  const profiler =
    options.profile && peers.rank === 0 ? await Profiler.on(device, config, options.prices) : null;
  const versions = collectVersions(import.meta.url);
  const run = {
    take,
    workers,
    maxPixels,
    printFreq,
    resume,
    trainedWith: options.trainedWith,
    logDir,
    saveEvery,
    maxSteps,
    prices: options.prices,
    histograms: options.logHist,
    continueRun: options.continue,
    continueWith,
    skipReason: reasonWithOption,
    command: commandTyped(),
    peers,
    profile: () => profiler?.report() ?? null,
    onEngine(engine: Engine) {
      profiler?.watch(engine, peers.rank, processes);
      if (options.trace) trace = new StepTrace(engine, peers.rank, processes?.group ?? null);
    },
  };
  const { stopped } = await withAdvice(ADVICE, () => train({ config, data, device, versions, ...run }));
  await profiler?.write(join(logDir, 'profile'));
  if (trace && options.trace)
    await writeFile(traceFile(options.trace, peers.rank), (trace as StepTrace).json());
  return stopped && stopped !== 'max-steps' ? signalExitCode(stopped) : 0;
}

await runCommand(command, import.meta.url);
