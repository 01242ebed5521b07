#!/usr/bin/env node
/** plan: prints the memory of a training step before anything runs. */
import { basename } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import {
  bytes,
  formatPlan,
  formatPlanTable,
  largestBatch,
  loadConfig,
  type PlanReport,
  planPerDevice,
  planReport,
  positive,
  positives,
  runCommand,
  runProgram,
  type TrainConfig,
} from '@inplace-abn/train';
import { Command, Option } from 'commander';

interface Options {
  readonly batch?: number | 'auto';
  readonly budget?: number;
  readonly devices?: readonly number[];
  readonly markdown?: boolean;
  readonly json?: boolean;
}

const command = new Command('plan')
  .description(
    'Plan the memory of one training step: bytes by kind, the peak, what is in place and what is not and why.',
  )
  .argument('<configs...>', 'JSON training configurations')
  .addOption(
    new Option(
      '-b, --batch <n>',
      'images per step (default: optimizer.batch_size); auto: the largest that fits --budget, evaluation included',
    ).argParser((text) => (text === 'auto' ? text : positive(text))),
  )
  .addOption(
    new Option(
      '--budget <bytes>',
      'weights, optimiser state and arena together: 8GB, 1.5GiB. Values are computed again to keep to it (default: ' +
        'memory_budget of the configuration); with --batch auto none are (default: what is free here)',
    ).argParser(bytes),
  )
  .addOption(
    new Option(
      '-d, --devices <list>',
      'a table for optimizer.batch_size split over each number of devices: 4,8,16',
    )
      .argParser(positives)
      .conflicts('batch'),
  )
  .addOption(new Option('--markdown', 'print the table of --devices as Markdown').conflicts('json'))
  .option(
    '--json',
    'print JSON: bytes by kind, peak, layers, ordinary; a list where several plans are asked for',
  )
  .addHelpText('after', '\nNeeds no data and trains nothing. Exit codes: 0 done, 1 error, 2 usage.')
  .action((paths: string[], options: Options) => runProgram(() => main(paths, options)));

async function main(paths: readonly string[], options: Options): Promise<number> {
  const text = options.devices ? await table(paths, options.devices, options) : await reports(paths, options);
  process.stdout.write(`${text}\n`);
  return 0;
}

async function table(
  paths: readonly string[],
  devices: readonly number[],
  options: Options,
): Promise<string> {
  const rows = [];
  for (const path of paths)
    rows.push(...planPerDevice(basename(path, '.json'), await load(path), devices, cpu()));
  return options.json ? JSON.stringify(rows, null, 2) : formatPlanTable(rows, { markdown: options.markdown });
}

async function reports(paths: readonly string[], { batch, budget, json }: Options): Promise<string> {
  const plans: PlanReport[] = [];
  for (const path of paths) {
    plans.push(report(await load(path), batch, budget));
  }
  if (json) return JSON.stringify(plans.length === 1 ? plans[0] : plans, null, 2);
  return plans.map(formatPlan).join('\n\n');
}

function report(config: TrainConfig, batch: Options['batch'], budget: number | undefined): PlanReport {
  if (batch !== 'auto') {
    const within = { ...config, memory_budget: budget ?? config.memory_budget };
    return planReport(within, batch ?? config.optimizer.batch_size, cpu()).report;
  }
  const { batch: largest } = largestBatch(config, cpu(), budget ?? cpu().availableBytes());
  return planReport(config, largest, cpu()).report;
}

function load(path: string) {
  return loadConfig(path, { architectures: ARCHITECTURES });
}

await runCommand(command);
