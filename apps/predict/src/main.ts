#!/usr/bin/env node
/** predict: command line → classes of photographs. */
import { resolve } from 'node:path';
import {
  type Advice,
  CommandLineError,
  checkWritable,
  runCommand,
  signalExitCode,
  withAdvice,
} from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { checkProcessDevice, chooseProcessDevice, deviceOption, type ProcessDevice } from '@inplace-abn/cuda';
import {
  classNames,
  describedNetwork,
  type NormMode,
  pixels,
  positive,
  TRAINED_WITH_ADVICE,
  type TrainConfig,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { formatDuration, Progress, StopRequest, threeDigits } from '@inplace-abn/train';
import { Command } from 'commander';
import { LIST, photographs } from './images/sources.js';
import { Matrix } from './output/npy.js';
import { Page } from './output/page.js';
import type { Sink } from './output/result.js';
import { STDOUT, targetFor, watchReader } from './output/stream.js';
import { csv, jsonLines, readableLines } from './output/text.js';
import { type Outcome, predictPhotographs } from './predict.js';

interface Options extends ProcessDevice {
  readonly top: number;
  readonly json?: string;
  readonly csv?: string;
  readonly html?: string;
  readonly features?: string;
  readonly npy?: string;
  readonly classes?: string;
  readonly config?: string;
  readonly crop?: number;
  readonly scale?: number;
  readonly batch: number;
  readonly workers: number;
  readonly printFreq: number;
  readonly maxPixels?: number;
  readonly trainedWith?: NormMode;
}

const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ERR_NO_CONFIG: ' with --config FILE',
  ERR_NO_CLASSES:
    ', a line for each output, with --classes FILE (the class folders of the training images in sorted order, as ls prints them)',
  ERR_MEMORY: ' (--batch, --crop)',
};

const command = new Command('predict')
  .description('Classify photographs with a trained network.')
  .argument('<checkpoint>', 'a checkpoint, or a folder of checkpoints (the newest intact one)')
  .argument(
    '<images...>',
    'files; folders, with all png, jpg and jpeg files below; patterns in quotes; -: a list of files on standard input, one per line or separated by NUL',
  )
  .option('--top <n>', 'classes to print for each image, the most probable first', positive, 5)
  .option(
    '--json <file>',
    'write one object per line: file, predictions (or features, or error); -: to standard output',
  )
  .option('--csv <file>', 'write one row per image; -: to standard output')
  .option(
    '--html <file>',
    'write a page with pictures of the first 400 images, and how often each class comes first',
  )
  .option(
    '--features <layer>',
    'instead of classes, the output of a layer averaged over the image, such as mod5: JSON lines, or --npy',
  )
  .option(
    '--npy <file>',
    'with --features: a float32 matrix with one row per image; FILE.txt lists the images',
  )
  .option(
    '--classes <file>',
    'names of the outputs, one per line: FOLDER or FOLDER<TAB>NAME (default: those in the checkpoint)',
  )
  .option(
    '--config <file>',
    'configuration that the network was trained with, if the checkpoint does not have it',
  )
  .option('-c, --crop <n>', 'side of the crop in pixels (default: as in training’s validation)', positive)
  .option(
    '-s, --scale <n>',
    'resize the shorter side to this first (default: as in training’s validation)',
    positive,
  )
  .option('-b, --batch <n>', 'images per batch', positive, 32)
  .option('-j, --workers <n>', 'images to load in parallel', positive, 2)
  .option('-p, --print-freq <n>', 'print every N batches if the output is not a terminal', positive, 10)
  .option(
    '--max-pixels <n>',
    'reject images with more pixels, since a small file may claim any size (default: 134217728, 0.4 GB decoded; less for crops below 91×91)',
    pixels,
  )
  .addOption(deviceOption())
  .addOption(trainedWithOption())
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} runs/first/checkpoints photo.jpg
  ${command.name()} best.safetensors photos --top 1 --csv photos.csv
  ${command.name()} best.safetensors photos --html photos.html
  ${command.name()} best.safetensors 'photos/**/2024-*.{jpg,png}' --json - | jq -r '[.file, .predictions[0].class] | @tsv'
  find / -name '*.jpg' -print0 | ${command.name()} best.safetensors - --json all.jsonl
  ${command.name()} best.safetensors photos --features mod5 --npy photos.npy
  ${command.name()} old.pth.tar photos --config old.json --classes imagenet.txt

Classes and preprocessing come from the checkpoint, where training wrote them.
Memory does not grow with the number of images. One that cannot be used is named; the others are classified, and the exit code is 1.
SIGTERM, Ctrl-C and a lost terminal (unless under nohup) stop after the batch; files keep the finished ones. A second one kills.
Exit codes: 0 done, 1 error or an image that cannot be used, 2 usage, 128 + N stopped by signal N.
Results go to standard output or to files, everything else to standard error.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 what the compiler decides.`,
  )
  .action(async (checkpoint: string, images: readonly string[], options: Options) => {
    process.exitCode = await withAdvice(ADVICE, () => main(checkpoint, images, options));
  });

async function main(checkpoint: string, images: readonly string[], options: Options): Promise<number> {
  checkOptions(images, options);
  checkProcessDevice(options);
  for (const file of filesOf(options)) await checkWritable(file);
  const { config, classes } = await describedNetwork(checkpoint, options.config);
  const { features: layer, top } = options;
  if (config.task !== 'classification') {
    throw new UsageError(
      `${checkpoint} is of a network for segmentation: inplace-abn segment ${checkpoint} FOLDER OUT_DIR writes its class maps`,
    );
  }
  if (layer === undefined && config.network.classes === 0) {
    throw new UsageError(`${checkpoint} has no classifier (network.classes is 0): name a layer`, {
      code: 'ERR_NO_CLASSIFIER',
    });
  }
  const outputs = config.network.classes;
  const nameOf =
    layer === undefined ? await classNames(outputs, classes, options.classes, checkpoint) : String;
  const { device, reason } = chooseProcessDevice(options, undefined);
  const progress = new Progress({ stream: process.stderr, printFreq: options.printFreq });
  progress.note(reason);
  const stop = new StopRequest((signal) =>
    progress.note(`${signal}: stopping after this batch; once more to kill`),
  );
  const results = printsResults(options);
  const reads = watchReader(process.stdout);
  try {
    const outcome = await predictPhotographs({
      device,
      config,
      checkpoint,
      layer,
      trainedWith: options.trainedWith,
      photographs: photographs(images, process.stdin),
      batchSize: options.batch,
      workers: options.workers,
      maxPixels: options.maxPixels,
      crop: options.crop ?? config.input.crop_val,
      scale: options.scale ?? config.input.scale_val,
      top: Math.min(top, Math.max(1, outputs)),
      nameOf,
      sinks: (width) => sinksOf(options, config, checkpoint, width),
      progress,
      shows: !(process.stdout.isTTY && results),
      stop,
      wanted: () => !results || reads(),
    });
    return conclude(outcome, options, progress);
  } finally {
    stop.dispose();
  }
}

function checkOptions(images: readonly string[], options: Options): void {
  const { features, npy, csv: table, html, json } = options;
  if (features === undefined && npy !== undefined) {
    throw new CommandLineError('--npy writes the vectors of a layer: add --features LAYER');
  }
  if (features !== undefined && (table !== undefined || html !== undefined)) {
    throw new CommandLineError('--features gives vectors and no classes: write them with --json or --npy');
  }
  if (json === STDOUT && table === STDOUT) {
    throw new CommandLineError('--json and --csv would both write to standard output: name a file for one');
  }
  const files = filesOf(options).map((file) => resolve(file));
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice)
    throw new CommandLineError(`two of the results would both be ${twice}: name another file for one`);
  if (npy === STDOUT || html === STDOUT) throw new CommandLineError('--npy and --html write files: name one');
  if (images.filter((name) => name === LIST).length > 1) {
    throw new CommandLineError('standard input holds one list: name - once');
  }
}

function filesOf({ json, csv: table, html, npy }: Options): string[] {
  return [json, table, html, npy].flatMap((file) => (file === undefined || file === STDOUT ? [] : [file]));
}

/** Whether standard output holds results: where no file is named, it does. */
function printsResults(options: Options): boolean {
  return options.json === STDOUT || options.csv === STDOUT || filesOf(options).length === 0;
}

async function sinksOf(
  options: Options,
  config: TrainConfig,
  checkpoint: string,
  width: number,
): Promise<Sink[]> {
  const { json, csv: table, html, npy, features, top, maxPixels } = options;
  const sinks: Sink[] = [];
  if (json !== undefined) sinks.push(jsonLines(targetFor(json)));
  if (table !== undefined) sinks.push(csv(targetFor(table), Math.min(top, width)));
  if (npy !== undefined) sinks.push(await Matrix.create(npy, width));
  if (html !== undefined) {
    const title = `${config.network.arch}: what it sees`;
    const facts: [string, string][] = [
      ['network', `${config.network.arch}, ${config.network.precision}`],
      ['checkpoint', checkpoint],
    ];
    sinks.push(new Page({ path: html, title, facts, maxPixels }));
  }
  if (sinks.length > 0) return sinks;
  return [features === undefined ? readableLines(targetFor(STDOUT)) : jsonLines(targetFor(STDOUT))];
}

function conclude(
  { images, failed, seconds, stopped }: Outcome,
  options: Options,
  progress: Progress,
): number {
  const rate = seconds > 0 ? `, ${threeDigits(images / seconds)} images a second` : '';
  progress.note(`${images} ${images === 1 ? 'image' : 'images'} in ${formatDuration(seconds)}${rate}`);
  for (const file of filesOf(options)) progress.note(`wrote ${file}`);
  if (failed > 0) {
    process.stderr.write(`error: ${failed} of the images cannot be used; they are named above\n`);
  }
  if (stopped) return signalExitCode(stopped);
  return failed > 0 ? 1 : 0;
}

await runCommand(command, import.meta.url);
