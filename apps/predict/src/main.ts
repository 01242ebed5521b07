#!/usr/bin/env node
/** predict: classifies photographs, or segments them. */
import { checkWritable, runCommand, withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { checkProcessDevice, deviceOption } from '@inplace-abn/cuda';
import {
  type Described,
  describedNetwork,
  fraction,
  holdsSegmentation,
  imageOptions,
  maxPixelsOption,
  positive,
  segmentingOptions,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { Command } from 'commander';
import { classify } from './classify.js';
import { checkOptions, checkTask, filesOf, type Options } from './options.js';
import { segment } from './segment.js';

const command = new Command('predict')
  .description('Classify photographs with a trained network, or segment them with a segmentation network.')
  .argument('<checkpoint>', 'a checkpoint, or a folder of checkpoints, whose newest intact one is used')
  .argument(
    '<images...>',
    'files, folders (searched recursively), quoted patterns, or -: read names from standard input, one per line or separated by NUL',
  )
  .option(
    '--classes <file>',
    'names of the outputs, one per line: FOLDER or FOLDER<TAB>NAME; for segmentation, a JSON list of {id, name, color} (default: those in the checkpoint)',
  )
  .option(
    '--config <file>',
    'configuration that the network was trained with, if the checkpoint does not record it',
  )
  .addOption(maxPixelsOption())
  .addOption(deviceOption())
  .addOption(trainedWithOption())
  .optionsGroup('Options for classification:')
  .option('--top <n>', 'print the n most probable classes of each image', positive, 5)
  .option(
    '--threshold <p>',
    'for multi-label networks: print labels of at least this probability',
    fraction,
    0.5,
  )
  .option(
    '--json <file>',
    'write one JSON object per line: file, and predictions, features or error; -: to standard output',
  )
  .option('--csv <file>', 'write one row per image; -: to standard output')
  .option(
    '--html <file>',
    'write a page with the first 400 images, and how often each class is the most probable',
  )
  .option(
    '--features <layer>',
    'instead of classes, write the output of a layer such as mod5, averaged over the image: JSON lines, or --npy',
  )
  .option(
    '--npy <file.npy>',
    'with --features: write a float32 matrix with one row per image to FILE.npy, and the names of the images to FILE.txt',
  )
  .option('-b, --batch <n>', 'images per batch', positive, 32);
for (const option of imageOptions()) command.addOption(option);
command
  .optionsGroup('Options for segmentation:')
  .option('-o, --output <dir>', 'folder for NAME.png of each photograph and for index.html');
for (const option of segmentingOptions()) command.addOption(option);
command
  .optionsGroup('Options:')
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
  ${command.name()} streets.safetensors photos --output segmented --output-mode palette --overlay
  ${command.name()} old.pth.tar photos --config old.json --classes imagenet.txt

Training stores class names and preprocessing in the checkpoint; files from elsewhere need --classes and --config.
An image that cannot be used is reported and skipped, and the exit code is 1.
Results go to standard output or to files, everything else to standard error.
SIGTERM, Ctrl-C or a lost terminal (unless under nohup) stops after the batch and keeps its results; a second signal kills.
Exit codes: 0 done, 1 error or an image that cannot be used, 2 usage, 128 + N stopped by signal N.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 decisions of the compiler.`,
  )
  .action(async (checkpoint: string, images: readonly string[], options: Options) => {
    process.exitCode = await main(checkpoint, images, options);
  });

async function main(checkpoint: string, images: readonly string[], options: Options): Promise<number> {
  checkOptions(images, options);
  checkProcessDevice(options);
  for (const file of filesOf(options)) await checkWritable(file);
  const described = await withAdvice({ ERR_NO_CONFIG: ' with --config FILE' }, () =>
    describedOrSegmentation(checkpoint, options.config),
  );
  // Features are those of a crop, for every task.
  const task = described?.config.task;
  if (described && (options.features !== undefined || task !== 'segmentation')) {
    checkTask(command, checkpoint, task === 'multi-label' ? task : 'classification');
    return classify(checkpoint, images, described, options);
  }
  checkTask(command, checkpoint, 'segmentation');
  return segment(checkpoint, images, options);
}

/**
 * Null if no configuration describes the checkpoint but it has the parts of a segmentation network, like the
 * published one.
 */
async function describedOrSegmentation(checkpoint: string, config?: string): Promise<Described | null> {
  try {
    return await describedNetwork(checkpoint, config);
  } catch (error) {
    const silent = error instanceof UsageError && error.code === 'ERR_NO_CONFIG';
    if (silent && (await holdsSegmentation(checkpoint))) return null;
    throw error;
  }
}

await runCommand(command, import.meta.url);
