#!/usr/bin/env node
/** convert: weights of torchvision, timm or upstream → a checkpoint for the programs here. */
import { type Advice, CommandLineError, checkWritable, runCommand, withAdvice } from '@inplace-abn/cli';
import { ACTIVATIONS, type Activation } from '@inplace-abn/core';
import { checkProcessDevice, chooseProcessDevice, deviceOption, type ProcessDevice } from '@inplace-abn/cuda';
import {
  checkFormat,
  convertWeights,
  LIBRARIES,
  type Library,
  NORM_MODES,
  writeConversion,
} from '@inplace-abn/interop';
import {
  finite,
  type NormMode,
  positive,
  TRAINED_WITH_ADVICE,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { Command, Option } from 'commander';
import { compareOn, formatComparison, imagesFor } from './convert/compare.js';
import { openTestFolder } from './evaluation/test-data.js';

interface Options extends ProcessDevice {
  readonly from: Library | 'auto';
  readonly arch?: string;
  readonly bn: NormMode;
  readonly activation?: Activation;
  readonly activationParam?: number;
  readonly key?: string;
  readonly trainedWith?: NormMode;
  readonly check?: string;
  readonly classes?: string;
  readonly batch: number;
  readonly workers: number;
}

const ADVICE: Advice = { ...TRAINED_WITH_ADVICE, ERR_SCALE: ', with --bn standard' };

const command = new Command('convert')
  .description(
    'Convert the weights of a torchvision, timm or upstream network to a checkpoint that inplace-abn loads.',
  )
  .argument('<in>', 'file written by torch.save, a safetensors file, or the index of several (*.index.json)')
  .argument('<out>', 'file to write: .safetensors, .pth or .pth.tar')
  .addOption(
    new Option('--from <library>', 'naming convention of the file; auto: recognize it by names and shapes')
      .choices(['auto', ...LIBRARIES])
      .default('auto'),
  )
  .option('--arch <name>', 'architecture, as network.arch names it (default: recognized)')
  .addOption(
    new Option('--bn <mode>', 'batch norm of the written network').choices(NORM_MODES).default('inplace'),
  )
  .addOption(
    new Option(
      '--activation <name>',
      "activation of the written network (default: the file's; leaky_relu instead of relu where batch norm is in place)",
    ).choices(ACTIVATIONS),
  )
  .option('--activation-param <x>', 'slope of leaky_relu, α of elu (default: 0.01)', finite)
  .option(
    '--key <key>',
    'key of the weights in the file, such as state_dict_ema (default: state_dict, or the whole file)',
  )
  .addOption(trainedWithOption())
  .option(
    '--check <dir>',
    'run the network before and after on DIR/val/CLASS or DIR/CLASS, and print accuracies and the largest difference of logits',
  )
  .option('--classes <file>', 'with --check: class folders in the order of the outputs, one per line')
  .option('-b, --batch <n>', 'with --check: images per batch', positive, 32)
  .option('-j, --workers <n>', 'with --check: images to load in parallel', positive, 2)
  .addOption(deviceOption())
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} resnet50.pth resnet50.safetensors
  ${command.name()} resnet50.pth resnet50.safetensors --check imagenet --classes imagenet.txt
  ${command.name()} timm.pth.tar ordinary.pth --bn standard --key state_dict_ema

Batch norm is converted exactly; if that is impossible, the error names the layer. Leaky ReLU only
approximates ReLU: measure the difference with --check, and train a little more.
Exit codes: 0 done, 1 error, 2 usage.
Environment: OMP_NUM_THREADS compute threads of --check.`,
  )
  .action((input: string, output: string, options: Options) =>
    withAdvice(ADVICE, () => convert(input, output, options)),
  );

async function convert(input: string, output: string, options: Options): Promise<void> {
  checkProcessDevice(options);
  await checkWritable(output, input);
  checkFormat(output);
  const { from, check, classes: classFile, batch: batchSize, workers, ...wanted } = options;
  if (classFile !== undefined && check === undefined) {
    throw new CommandLineError('--classes needs images to check: add --check DIR');
  }
  const folder = check === undefined ? null : await openTestFolder(check);
  const conversion = await convertWeights(input, { ...wanted, ...(from === 'auto' ? {} : { from }) });
  const { took, notes, exact, original, converted, description, recognized } = conversion;
  const { preprocessing } = description;
  if (folder && 'segmentation' in recognized) {
    throw new CommandLineError(`--check needs a classifier, but ${input} holds a segmentation network`);
  }
  const outputs = recognized.options.classes ?? 0;
  const images = folder && (await imagesFor(folder, { classFile, outputs, preprocessing }));
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(`recognized ${input} as ${took}`);
  for (const note of notes) say(note);
  await writeConversion(output, conversion);
  say(`wrote ${output}`);
  if (!images) {
    if (!exact) say('compare both networks on images with --check DIR');
    return;
  }
  const { device } = chooseProcessDevice(options, undefined);
  const how = { device, batchSize, workers };
  say(formatComparison(await compareOn(await original(), converted, images, how)));
}

await runCommand(command, import.meta.url);
