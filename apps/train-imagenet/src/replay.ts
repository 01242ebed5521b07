#!/usr/bin/env node
/** replay: repeats a past step of a run, bit for bit. */
import { join } from 'node:path';
import { CommandLineError, runCommand, withAdvice } from '@inplace-abn/cli';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import {
  dumpLayer,
  findNonFinite,
  loadConfig,
  MAX_PIXELS_ADVICE,
  pixels,
  positive,
  Replay,
} from '@inplace-abn/recipes';
import { Command } from 'commander';

interface Options {
  readonly step?: number;
  readonly dump?: string;
  readonly out: string;
  readonly findNan?: boolean;
  readonly workers: number;
  readonly maxPixels?: number;
}

const command = new Command('replay')
  .description(
    'Repeat a past step of a run, bit for bit, from the checkpoint before it: same kernels, data order and seeds.',
  )
  .argument('<run>', 'run folder; it is only read')
  .argument('<dir>', 'data folder that the run was trained on')
  .option('--step <n>', 'step to repeat, counted from 1 as in metrics.jsonl', positive)
  .option('--dump <layer>', 'with --step: write every value that the module at this path computes')
  .option('--out <file>', 'file for --dump', 'dump.safetensors')
  .option(
    '--find-nan',
    'replay up to the step that a NaN or infinity stopped, and print the instruction that computed it',
  )
  .option('-j, --workers <n>', 'images to load in parallel', positive, 2)
  .option('--max-pixels <n>', 'reject images with more pixels, as the run did', pixels)
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} runs/first data --step 17
  ${command.name()} runs/first data --step 17 --dump mod3.block1.convs.bn1 --out values.safetensors
  ${command.name()} runs/first data --find-nan

Give either --step or --find-nan. An error reports the first step whose loss differs from the recorded one.
Replays runs of one process, on the kind of CPU that trained them.
Exit codes: 0 done, 1 error, 2 usage.`,
  )
  .action((run: string, data: string, options: Options) =>
    withAdvice(MAX_PIXELS_ADVICE, () => main(run, data, options)),
  );

async function main(run: string, data: string, options: Options): Promise<void> {
  const { step, dump, findNan, workers, maxPixels } = options;
  if ((step === undefined) === !findNan) throw new CommandLineError('give either --step N or --find-nan');
  if (dump !== undefined && step === undefined)
    throw new CommandLineError('--dump needs a step: add --step N');
  const config = await loadConfig(join(run, 'config.json'), { architectures: ARCHITECTURES, ofRun: true });
  const replay = await Replay.open({
    ...{ run, config, data, workers, maxPixels, device: cpu(), note: print },
    step: step ?? Number.POSITIVE_INFINITY,
  });
  try {
    if (step === undefined) await brokenStep(replay);
    else if (dump === undefined) await repeat(replay, step);
    else await dumped(replay, step, dump, options.out);
  } finally {
    await replay.close();
  }
}

async function repeat(replay: Replay, step: number): Promise<void> {
  const result = await replay.advance(step);
  print(`step ${step}: loss ${result?.loss}${replay.hasRecorded(step) ? ', as recorded' : ''}`);
  print(`states after step ${step}: sha256 ${replay.engine.digest()}`);
}

async function dumped(replay: Replay, step: number, layer: string, out: string): Promise<void> {
  print(`step ${step}: wrote ${await dumpLayer(replay, step, layer, out)} values of ${layer} to ${out}`);
}

/** Goes one step beyond the recorded ones: a step that stopped on a NaN records nothing. */
async function brokenStep(replay: Replay): Promise<void> {
  const found = await findNonFinite(replay, Math.max(replay.lastRecorded, replay.step) + 1);
  if (!found) return print(`no step up to ${replay.step} stopped on a value that is not finite`);
  const { instruction, op, path, phase } = found.at;
  print(
    `step ${found.step}: the first value that is not finite comes from instruction ${instruction}, ${op} of ${path || '(top)'}, in the ${phase} pass`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await runCommand(command, import.meta.url);
