#!/usr/bin/env node
/** compare: finds where two runs diverge. */
import { join } from 'node:path';
import { runCommand, withAdvice } from '@inplace-abn/cli';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import {
  type ComparedRun,
  compareRuns,
  loadConfig,
  MAX_PIXELS_ADVICE,
  pixels,
  positive,
  type RunDifference,
} from '@inplace-abn/recipes';
import { Command } from 'commander';

interface Options {
  readonly data?: string;
  readonly workers: number;
  readonly maxPixels?: number;
  readonly json?: boolean;
}

const command = new Command('compare')
  .description(
    'Find the first step where two runs differ, and the first instruction of that step with a different result.',
  )
  .argument('<run_a>', 'first run folder; it is only read')
  .argument('<run_b>', 'second run folder; it is only read')
  .argument('<dir>', 'data folder that the runs were trained on')
  .option('--data <dir>', 'data folder of the second run (default: the same)')
  .option('-j, --workers <n>', 'images to load in parallel', positive, 2)
  .option('--max-pixels <n>', 'reject images with more pixels, as the runs did', pixels)
  .option('--json', 'print the difference as one JSON object; null if there is none')
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} runs/first runs/second data
  ${command.name()} runs/first runs/second data --json | jq .at

Compares recorded losses, then checkpoints of the same steps. If they differ, it replays both runs from
the checkpoints before the difference, so both must be runs of one process on this kind of CPU, as for replay.
Exit codes: 0 no difference, 1 a difference or an error, 2 usage.`,
  )
  .action(main);

async function main(a: string, b: string, dir: string, options: Options): Promise<void> {
  const { data = dir, json } = options;
  const runs = [await opened(a, dir, options), await opened(b, data, options)] as const;
  const found = await withAdvice(MAX_PIXELS_ADVICE, () => compareRuns(runs));
  process.stdout.write(`${json ? JSON.stringify(found, null, 2) : textOf(found)}\n`);
  if (found) process.exitCode = 1;
}

async function opened(run: string, data: string, { workers, maxPixels }: Options): Promise<ComparedRun> {
  const config = await loadConfig(join(run, 'config.json'), { architectures: ARCHITECTURES, ofRun: true });
  return { run, config, data, workers, maxPixels, device: cpu() };
}

function textOf(found: RunDifference | null): string {
  if (!found) return 'losses and checkpoints are equal';
  const { recorded, states, step, at } = found;
  const more = states.length > 3 ? ` and ${states.length - 3} more` : '';
  return [
    ...(recorded === null ? [] : [`step ${recorded}: the recorded losses differ`]),
    ...(states.length > 0 ? [`before step ${step}: ${states.slice(0, 3).join(', ')}${more} differ`] : []),
    at
      ? `step ${step}: the first difference is in instruction ${at.instruction}, ${at.op} of ${at.path || '(top)'}, in the ${at.phase} pass`
      : `step ${step}: both replays give equal results`,
  ].join('\n');
}

await runCommand(command, import.meta.url);
