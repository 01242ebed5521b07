#!/usr/bin/env node
/** data: checks a folder of images, and shows samples of it, before training. */
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { checkWritable, runCommand, signalExitCode, withAdvice } from '@inplace-abn/cli';
import {
  MAX_PIXELS_ADVICE,
  nonNegative,
  type Override,
  pixels,
  positive,
  setOption,
  type TrainConfig,
} from '@inplace-abn/recipes';
import { Progress, StopRequest } from '@inplace-abn/train';
import { Command } from 'commander';
import { browse } from './data/browse.js';
import { check } from './data/check.js';
import { formatCheck } from './data/format-check.js';
import { openParts } from './data/parts.js';
import { configToShow } from './shown-config.js';

interface CheckOptions {
  readonly config?: string;
  readonly set: readonly Override[];
  readonly workers: number;
  readonly printFreq: number;
  readonly maxPixels?: number;
  readonly json?: boolean;
}

const command = new Command('data')
  .description('Check a folder of images, or browse samples of it, before training.')
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} check imagenet
  ${command.name()} browse imagenet --config config.json

Run ${command.name()} check --help and ${command.name()} browse --help for their options.
Exit codes: 0 done or no problems, 1 problems or an error, 2 usage, 128 + N stopped by signal N.`,
  );

command
  .command('check')
  // runCommand sets this on the parent too late for a subcommand.
  .exitOverride()
  .description(
    'Read every image and label map once. Report unreadable files, formats, sizes, classes, duplicates, and images in both training and validation.',
  )
  .argument('<dir>', 'data folder, as for training')
  .option(
    '--config <file>',
    'configuration whose data section says where images and labels are (default: DIR/train and DIR/val, or the layout recognized in DIR)',
  )
  .addOption(setOption())
  .option('-j, --workers <n>', 'images to read in parallel', positive, 2)
  .option(
    '-p, --print-freq <n>',
    'print progress every N images if standard error is not a terminal',
    positive,
    10_000,
  )
  .option(
    '--max-pixels <n>',
    'reject images with more pixels, since a small file may claim any size (default: 134217728)',
    pixels,
  )
  .option('--json', 'print the report as one JSON object')
  .addHelpText(
    'after',
    () => `
Examples:
  ${command.name()} check imagenet
  ${command.name()} check photos --config config.json --json > photos.json
  ${command.name()} check photos --set data.split=0.1

If training cannot use the folder, such as ImageNet's flat val, the report says why and how to sort it.
The report goes to standard output, progress to standard error.
Exit codes: 0 no problems, 1 problems or an error, 2 usage, 128 + N stopped by signal N, after a report on
the images read so far.`,
  )
  .action(async (dir: string, options: CheckOptions) => {
    process.exitCode = await runCheck(dir, options);
  });

interface BrowseOptions {
  readonly config?: string;
  readonly set: readonly Override[];
  readonly output: string;
  readonly samples: number;
  readonly epoch: number;
  readonly workers: number;
  readonly maxPixels?: number;
}

command
  .command('browse')
  .exitOverride()
  .description(
    'Write an HTML page of samples as training sees them, after augmentation and mixing, with classes or label maps.',
  )
  .argument('<dir>', 'data folder, as for training')
  .option(
    '--config <file>',
    'configuration to train with (default: DIR/train and DIR/val, or the layout recognized in DIR)',
  )
  .addOption(setOption())
  .option('-o, --output <file>', 'self-contained page to write', 'browse.html')
  .option('-n, --samples <n>', 'images to show of training, and of validation', positive, 24)
  .option('--epoch <n>', 'show the augmentation of this epoch, counted from 0', nonNegative, 0)
  .option('-j, --workers <n>', 'images to load in parallel', positive, 2)
  .option('--max-pixels <n>', 'reject images with more pixels (default: 134217728)', pixels)
  .addHelpText(
    'after',
    () => `
Examples:
  ${command.name()} browse imagenet --config config.json --output samples.html
  ${command.name()} browse photos --set augmentation.trivial_augment=true

Prints the name of the page. Exit codes: 0 done, 1 error, 2 usage.`,
  )
  .action(async (dir: string, { config: path, set: overrides, output, ...options }: BrowseOptions) => {
    await checkWritable(output);
    const config = await configOf(path, overrides);
    const page = await withAdvice(MAX_PIXELS_ADVICE, () => browse(dir, config, overrides, options));
    await writeFileAtomic(output, page);
    process.stdout.write(`${output}\n`);
  });

async function runCheck(dir: string, options: CheckOptions): Promise<number> {
  const { workers, maxPixels, printFreq } = options;
  const opened = await openParts(dir, await configOf(options.config, options.set), options.set);
  const images = opened.parts.reduce((sum, { length }) => sum + length, 0);
  const progress = new Progress({ stream: process.stderr, printFreq });
  const stop = new StopRequest((signal) => progress.note(`${signal}: stopping; repeat to kill`));
  const began = performance.now();
  const onRead = (read: number) => {
    // More updates would not be visible in a terminal.
    if (process.stderr.isTTY && read % 16 !== 0 && read !== images) return;
    const imagesPerSecond = (1000 * read) / Math.max(1, performance.now() - began);
    const etaSeconds = (images - read) / imagesPerSecond;
    progress.update({ phase: 'check', step: read, steps: images, imagesPerSecond, etaSeconds });
  };
  try {
    const stopped = () => stop.requested !== null;
    const report = await check(dir, opened, { workers, maxPixels, stopped, onRead });
    progress.finish();
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatCheck(report)}\n`);
    if (stop.requested !== null) return signalExitCode(stop.requested);
    return report.ok ? 0 : 1;
  } finally {
    stop.dispose();
  }
}

async function configOf(
  path: string | undefined,
  overrides: readonly Override[],
): Promise<TrainConfig | undefined> {
  return path === undefined ? undefined : configToShow(path, overrides);
}

await runCommand(command, import.meta.url);
