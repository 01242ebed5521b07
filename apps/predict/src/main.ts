#!/usr/bin/env node
/** predict: command line → classes of photographs, or of their pixels. */
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
  .argument('<checkpoint>', 'a checkpoint, or a folder of checkpoints (the newest intact one)')
  .argument(
    '<images...>',
    'files; folders, with all images below; patterns in quotes; -: a list of files on standard input, one per line or separated by NUL',
  )
  .option(
    '--classes <file>',
    'names of the outputs, one per line: FOLDER or FOLDER<TAB>NAME; to segment, a JSON list of {id, name, color} (default: those in the checkpoint)',
  )
  .option(
    '--config <file>',
    'configuration that the network was trained with, if the checkpoint does not have it',
  )
  .addOption(maxPixelsOption())
  .addOption(deviceOption())
  .addOption(trainedWithOption())
  .optionsGroup('Options for classes:')
  .option('--top <n>', 'classes to print for each image, the most probable first', positive, 5)
  .option(
    '--threshold <p>',
    'with a network for any number of labels: print those of at least this probability',
    fraction,
    0.5,
  )
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
    '--npy <file.npy>',
    'with --features: write a float32 matrix with one row per image to FILE.npy, and the names of the images to FILE.txt',
  )
  .option('-b, --batch <n>', 'images per batch', positive, 32);
for (const option of imageOptions()) command.addOption(option);
command
  .optionsGroup('Options for segmentation:')
  .option('-o, --output <dir>', 'folder for NAME.png of each photograph, and index.html');
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

Classes and preprocessing come from the checkpoint, where training wrote them.
Memory does not grow with the number of images (to segment, by their names alone). One that cannot be used is named; the others are
classified, and the exit code is 1.
SIGTERM, Ctrl-C and a lost terminal (unless under nohup) stop after the batch; files keep the finished ones. A second one kills.
Exit codes: 0 done, 1 error or an image that cannot be used, 2 usage, 128 + N stopped by signal N.
Results go to standard output or to files, everything else to standard error.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 what the compiler decides.`,
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
  // A layer's vectors are those of a crop, whatever the network is for.
  const task = described?.config.task;
  if (described && (options.features !== undefined || task !== 'segmentation')) {
    checkTask(command, checkpoint, task === 'multi-label' ? task : 'classification');
    return classify(checkpoint, images, described, options);
  }
  checkTask(command, checkpoint, 'segmentation');
  return segment(checkpoint, images, options);
}

/**
 * null: nothing says which network it is, but it has the parts of a segmentation network, as the published
 * one.
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
