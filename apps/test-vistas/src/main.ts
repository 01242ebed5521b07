#!/usr/bin/env node
/** test-vistas: segments the photographs of a folder. */
import { type Advice, runCommand, signalExitCode, withAdvice } from '@inplace-abn/cli';
import { launch, type Processes, withoutOption } from '@inplace-abn/comm';
import { chooseProcessDevice, deviceOption, type ProcessDevice } from '@inplace-abn/cuda';
import {
  loadClasses,
  localRankOption,
  MAX_PIXELS_ADVICE,
  maxPixelsOption,
  type NormMode,
  networkFor,
  nonNegative,
  positive,
  type SegmentingOptions,
  segmentingOf,
  segmentingOptions,
  segmentPhotographs,
  TRAINED_WITH_ADVICE,
  together,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { endWithin, type Peers } from '@inplace-abn/train';
import { Command } from 'commander';
import { type Sharing, shard, sharingOf } from './options.js';

interface Options extends ProcessDevice, Sharing, SegmentingOptions {
  readonly localRank?: number;
  readonly maxPixels?: number;
  readonly config?: string;
  readonly classes?: string;
  readonly trainedWith?: NormMode;
}

const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ...MAX_PIXELS_ADVICE,
  ERR_MEMORY: ' (--max-size, --memory-budget)',
};

/** A stopped program ends after at most this many milliseconds. */
const LAST_MS = 10_000;

const command = new Command('test-vistas')
  .description('Segment every photograph of a folder: predict a class for each pixel.')
  .argument(
    '<snapshot>',
    'weights: a torch.save file with {state_dict: {body, head, cls}}, a safetensors file, or a folder of checkpoints, whose newest intact one is used',
  )
  .argument('<in_dir>', 'folder of photographs')
  .argument('<out_dir>', 'folder for NAME.png of each photograph and for index.html');
for (const option of segmentingOptions()) command.addOption(option);
command
  .option(
    '--shard <i/n>',
    'segment every n-th photograph from the i-th, counted from 0, without other processes',
    shard,
  )
  .option('--rank <i>', 'with --world-size: the same as --shard i/n', nonNegative)
  .option('--world-size <n>', 'with --rank: the same as --shard i/n; alone: the same as --nproc n', positive)
  .addOption(maxPixelsOption())
  .addOption(deviceOption())
  .option('--nproc <n>', 'share the photographs among n processes on this machine', positive)
  .addOption(localRankOption())
  .option(
    '--config <file>',
    'configuration that the network was trained with (default: the one in the snapshot, or the published Vistas network)',
  )
  .addOption(trainedWithOption())
  .option(
    '--classes <file>',
    'names and colors, as a JSON list of {id, name, color} (default: those in the snapshot, or the 65 of Vistas)',
  )
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} wide_resnet38_deeplab_vistas.pth.tar photos segmented --output-mode palette --overlay
  ${command.name()} snapshot.pth.tar photos segmented --flip
  ${command.name()} snapshot.pth.tar photos segmented --scales 1
  ${command.name()} snapshot.pth.tar photos segmented --memory-budget 2GB --resume
  ${command.name()} runs/shapes/checkpoints val/images segmented --config shapes.json --classes shapes-classes.json --labels val/labels

With --memory-budget the network runs in strips of rows where needed; the classes stay the same.
A photograph that cannot be used is reported and skipped, and the exit code is 1.
SIGTERM, Ctrl-C or a lost terminal (unless under nohup) stops after the photograph; a second signal kills.
Exit codes: 0 done, 1 error, 2 usage, 128 + N stopped by signal N.
Several processes: --nproc, or any launcher (torchrun, srun, mpirun; docs/many-processes.md); rank 0 writes the page.
Environment: OMP_NUM_THREADS compute threads, NO_COLOR plain output, IABN_DEBUG=1…5 decisions of the compiler.`,
  )
  .action(async (snapshot: string, inDir: string, outDir: string, options: Options) => {
    process.exitCode = await main(snapshot, inDir, outDir, options);
  });

async function main(snapshot: string, inDir: string, outDir: string, options: Options): Promise<number> {
  const { nproc, shard } = sharingOf(options);
  if (nproc > 1) {
    return launch({ nproc, argv: ['nproc', 'world-size'].reduce(withoutOption, process.argv.slice(1)) });
  }
  const segment = (peers?: Peers, processes?: Processes | null) =>
    segmentAll(snapshot, inDir, outDir, { ...options, shard }, { peers, processes });
  if (shard) return segment();
  const { localRank, ...rest } = options;
  return together({ 'command line': JSON.stringify(rest) }, segment, localRank);
}

async function segmentAll(
  snapshot: string,
  inDir: string,
  outDir: string,
  options: Options,
  { peers, processes }: { peers?: Peers; processes?: Processes | null },
): Promise<number> {
  const classes = options.classes === undefined ? undefined : await loadClasses(options.classes);
  const network = await networkFor(snapshot, options.config, classes);
  const { device, reason } = chooseProcessDevice(options, processes?.world.localRank ?? options.localRank);
  if ((peers?.rank ?? 0) === 0) process.stdout.write(`${reason}\n`);
  const segmenting = {
    ...network,
    ...segmentingOf(options),
    device,
    snapshot,
    photographs: inDir,
    outDir,
    maxPixels: options.maxPixels,
    shard: options.shard,
    peers,
    trainedWith: options.trainedWith,
    advice: ADVICE,
  };
  const { failed, stopped } = await withAdvice(ADVICE, () => segmentPhotographs(segmenting));
  if (failed > 0) process.stderr.write(`error: ${failed} of the files cannot be used: see above\n`);
  if (stopped) {
    // A read that is still pending may never finish.
    endWithin(LAST_MS);
    return signalExitCode(stopped);
  }
  return failed > 0 ? 1 : 0;
}

await runCommand(command, import.meta.url);
