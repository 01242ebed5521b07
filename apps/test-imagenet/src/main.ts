#!/usr/bin/env node
/** test-imagenet: tests a classifier on a folder of images. */
import { checkWritable, runCommand, signalExitCode, withAdvice } from '@inplace-abn/cli';
import { launch, type Processes, withoutOption } from '@inplace-abn/comm';
import { checkProcessDevice, chooseProcessDevice, deviceOption, type ProcessDevice } from '@inplace-abn/cuda';
import { ARCHITECTURES } from '@inplace-abn/models';
import {
  configHash,
  distBackendOption,
  type ImageOptions,
  imageOptions,
  loadConfig,
  localRankOption,
  maxPixelsOption,
  type NormMode,
  positive,
  TRAINED_WITH_ADVICE,
  type TrainConfig,
  together,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { collectVersions, formatValidation, type Peers } from '@inplace-abn/train';
import { Command } from 'commander';
import { labelLines } from './evaluation/label-run.js';
import { testNetwork } from './evaluation/test-network.js';
import { testJson, writeTestJson, writeTestPage } from './page/write.js';

interface Options extends ProcessDevice, ImageOptions {
  readonly maxPixels?: number;
  readonly localRank?: number;
  readonly tenCrops?: boolean;
  readonly batch?: number;
  readonly classes?: string;
  readonly json?: string;
  readonly html?: string;
  readonly trainedWith?: NormMode;
  readonly nproc?: number;
}

/** `--json -`: the result goes to standard output, everything else to standard error. */
const STDOUT = '-';

const command = new Command('test-imagenet')
  .description('Test an image-classification network on every image of a folder, each counted once.')
  .argument('<config>', 'JSON configuration that the network was trained with')
  .argument('<checkpoint>', 'a checkpoint, or a folder of checkpoints, whose newest intact one is used')
  .argument(
    '<dir>',
    'image folder: DIR/val/CLASS/*.{jpg,png,…}, or DIR/CLASS/*; DIR/val with the list of data.val_labels; or tar shards',
  );
for (const option of imageOptions()) command.addOption(option);
command
  .option('--ten_crops, --ten-crops', 'average the logits of the corners, the center and their mirror images')
  .option(
    '-b, --batch <n>',
    'images per batch; with ten crops a tenth of it (default: optimizer.batch_size)',
    positive,
  )
  .option('--classes <file>', 'class folders in output order, one per line: FOLDER or FOLDER<TAB>NAME')
  .option('--json <file>', 'write the result as JSON; -: to standard output, with progress on standard error')
  .addOption(maxPixelsOption())
  .addOption(deviceOption())
  .option('--nproc <n>', 'test with n processes on this machine, each with its part of every batch', positive)
  .addOption(distBackendOption())
  .addOption(localRankOption())
  .addOption(trainedWithOption())
  .option(
    '--html <file>',
    'write an HTML page: accuracy by class, confusion matrix, worst images; with several labels for an image, average precision by class',
  )
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} config.json runs/first/checkpoints data
  ${command.name()} config.json best.safetensors data --ten-crops --html test.html
  ${command.name()} config.json best.safetensors data/val --crop 320 --scale 320 --batch 32
  ${command.name()} config.json best.safetensors photos --classes imagenet.txt --json - | jq .top1

An image that cannot be read is reported and not counted. The exit code is then 1, unless input.unreadable is "skip".
SIGTERM, Ctrl-C or a lost terminal (unless under nohup) stops after the batch and writes nothing; a second signal kills.
Exit codes: 0 done, 1 error, 2 usage, 128 + N stopped by signal N.
Several processes: --nproc, or any launcher (torchrun, srun, mpirun; docs/many-processes.md); rank 0 writes the result.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 decisions of the compiler.`,
  )
  .action(async (config: string, checkpoint: string, dir: string, options: Options) => {
    process.exitCode = await main(config, checkpoint, dir, options);
  });

async function main(configPath: string, checkpoint: string, data: string, options: Options): Promise<number> {
  checkProcessDevice(options);
  const { nproc = 1 } = options;
  if (nproc > 1) return launch({ nproc, argv: withoutOption(process.argv.slice(1), 'nproc') });
  const config = await loadConfig(configPath, { architectures: ARCHITECTURES, ofRun: true });
  const { crop, scale, tenCrops, batch, trainedWith, maxPixels } = options;
  const identity = {
    version: String(collectVersions(import.meta.url).packages['@inplace-abn/test-imagenet']),
    configuration: configHash(config),
    'command line': JSON.stringify({ crop, scale, tenCrops, batch, trainedWith, maxPixels }),
  };
  const work = (peers: Peers, processes: Processes | null) =>
    test(config, checkpoint, data, options, { peers, processes });
  return together(identity, work, options.localRank);
}

async function test(
  config: TrainConfig,
  checkpoint: string,
  data: string,
  options: Options,
  { peers, processes }: { peers: Peers; processes: Processes | null },
): Promise<number> {
  const { json, html, workers, maxPixels, printFreq, batch, classes, tenCrops = false } = options;
  for (const file of [json, html]) {
    if (file !== undefined && file !== STDOUT) await checkWritable(file);
  }
  const stream = json === STDOUT ? process.stderr : process.stdout;
  const { device, reason } = chooseProcessDevice(options, processes?.world.localRank ?? options.localRank);
  if (peers.rank === 0) stream.write(`${reason}\n`);
  const tested = {
    config,
    checkpoint,
    data,
    device,
    workers,
    maxPixels,
    printFreq,
    batchSize: batch,
    crop: options.crop ?? config.input.crop_val,
    scale: options.scale ?? config.input.scale_val,
    tenCrops,
    classFile: classes,
    stream,
    peers,
    trainedWith: options.trainedWith,
  };
  const { result, stopped } = await withAdvice(TRAINED_WITH_ADVICE, () => testNetwork(tested));
  if (!result) return stopped ? signalExitCode(stopped) : 1;
  if (peers.rank !== 0) return 0;
  if (json === STDOUT) process.stdout.write(testJson(result));
  else if (json !== undefined) await writeTestJson(json, result);
  if (html !== undefined) await writeTestPage(html, result, { maxPixels });
  if ('labels' in result) for (const line of labelLines(result)) stream.write(`${line}\n`);
  stream.write(`${formatValidation(result)}\n`);
  for (const file of [json, html]) {
    if (file !== undefined && file !== STDOUT) stream.write(`wrote ${file}\n`);
  }
  return unreadableExitCode(result.unreadable.length, config.input);
}

function unreadableExitCode(unreadable: number, input: TrainConfig['input']): number {
  const allowed = input.unreadable === 'skip' ? input.unreadable_limit : 0;
  if (unreadable <= allowed) return 0;
  process.stderr.write(
    `error: ${unreadable} ${unreadable === 1 ? 'image' : 'images'} cannot be read and are not counted; repair or remove them, or allow them with input.unreadable "skip" and input.unreadable_limit\n`,
  );
  return 1;
}

await runCommand(command, import.meta.url);
