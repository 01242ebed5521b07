#!/usr/bin/env node
/** plan: prints the memory of a training step before anything runs. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { runCommand, withAdvice } from '@inplace-abn/cli';
import { availableMemory, cpu, planningCpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import {
  bytes,
  formatPlan,
  fraction,
  loadConfig,
  type NormMode,
  type Override,
  type PlanReport,
  planReport,
  positive,
  positives,
  setOption,
  TRAINED_WITH_ADVICE,
  type TrainConfig,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { measureLimits } from '@inplace-abn/train';
import { Command, Option } from 'commander';
import { type AuditReport, auditCheckpoint, formatAudit } from './plan/audit.js';
import { largestBatch } from './plan/largest-batch.js';
import { formatPlanTable, planPerDevice } from './plan/plan-table.js';
import { formatSweep, renderSweep, type Sweep, sweep } from './plan/sweep.js';

interface Options {
  readonly set: readonly Override[];
  readonly batch?: number | 'auto';
  readonly budget?: number;
  readonly valImages?: number;
  readonly sweep?: boolean;
  readonly plot?: string;
  readonly audit?: string;
  readonly threshold: number;
  readonly trainedWith?: NormMode;
  readonly devices?: readonly number[];
  readonly markdown?: boolean;
  readonly json?: boolean;
}

const command = new Command('plan')
  .description(
    'Plan the memory of one training step: bytes by kind, the peak, and for each layer whether it is in place or why not.',
  )
  .argument('<configs...>', 'JSON training configurations')
  .addOption(setOption())
  .addOption(
    new Option(
      '-b, --batch <n>',
      'images per step (default: optimizer.batch_size); auto: the largest that fits --budget, evaluation included',
    ).argParser((text) => (text === 'auto' ? text : positive(text))),
  )
  .addOption(
    new Option(
      '--budget <bytes>',
      'weights, optimizer state and arena together: 8GB, 1.5GiB. Values are recomputed to fit (default: ' +
        'memory_budget of the configuration), except with --batch auto (default: the free memory of this machine)',
    ).argParser(bytes),
  )
  .option(
    '--val-images <n>',
    'for --batch auto: images of the validation set, whose last, smaller batch is planned as well',
    positive,
  )
  .addOption(
    new Option(
      '-d, --devices <list>',
      'a table for optimizer.batch_size split over each number of devices: 4,8,16',
    )
      .argParser(positives)
      .conflicts('batch'),
  )
  .option(
    '--sweep',
    'print bytes, extra work and time for a range of batches and budgets, at the limits of this machine',
  )
  .option('--plot <file>', 'write the same as an HTML page')
  .option(
    '--audit <checkpoint>',
    'measure the error of every inversion with these weights, and plan with the inputs kept of layers above --threshold',
  )
  .addOption(
    new Option('--threshold <error>', 'for --audit: relative to the deviation of a channel')
      .argParser(fraction)
      .default(0.1),
  )
  .addOption(trainedWithOption())
  .addOption(new Option('--markdown', 'print the table of --devices as Markdown').conflicts('json'))
  .option(
    '--json',
    'print JSON: bytes by kind, peak, layers, ordinary; a list where several plans are asked for',
  )
  .addHelpText('after', '\nNeeds no data and trains nothing. Exit codes: 0 done, 1 error, 2 usage.')
  .action(main);

async function main(paths: string[], options: Options): Promise<void> {
  process.stdout.write(`${await textOf(paths, options)}\n`);
}

function textOf(paths: readonly string[], options: Options): Promise<string> {
  if (options.sweep || options.plot) return sweeps(paths, options);
  return options.devices ? table(paths, options.devices, options) : reports(paths, options);
}

async function table(
  paths: readonly string[],
  devices: readonly number[],
  options: Options,
): Promise<string> {
  const rows = [];
  for (const path of paths)
    rows.push(...planPerDevice(basename(path, '.json'), await load(path), devices, planningCpu()));
  return options.json ? JSON.stringify(rows, null, 2) : formatPlanTable(rows, { markdown: options.markdown });
}

/** A plan, with what was found out before it. */
interface Found {
  readonly plan: PlanReport;
  readonly audit: AuditReport | null;
}

async function reports(paths: readonly string[], options: Options): Promise<string> {
  const found: Found[] = [];
  for (const path of paths) found.push(await find(await load(path), options));
  if (options.json) {
    const objects = found.map(({ plan, audit }) => (audit ? { ...plan, audit } : plan));
    return JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 2);
  }
  const texts = found.flatMap(({ plan, audit }) => [
    ...(audit ? [formatAudit(audit)] : []),
    formatPlan(plan),
  ]);
  return texts.join('\n\n');
}

async function find(config: TrainConfig, options: Options): Promise<Found> {
  const { audit: checkpoint } = options;
  const audit = checkpoint ? await audited(config, checkpoint, options) : null;
  const keep_inputs = [...config.network.keep_inputs, ...(audit?.keep ?? [])];
  return { plan: report({ ...config, network: { ...config.network, keep_inputs } }, options), audit };
}

function audited(config: TrainConfig, checkpoint: string, { threshold, trainedWith }: Options) {
  return withAdvice(TRAINED_WITH_ADVICE, () =>
    auditCheckpoint(config, checkpoint, cpu(), threshold, trainedWith),
  );
}

function report(config: TrainConfig, { batch, budget, valImages }: Options): PlanReport {
  if (batch !== 'auto') {
    const within = { ...config, memory_budget: budget ?? config.memory_budget };
    return planReport(within, batch ?? config.optimizer.batch_size, planningCpu()).report;
  }
  const { batch: largest } = largestBatch(config, planningCpu(), budget ?? availableMemory(), valImages);
  return planReport(config, largest, planningCpu()).report;
}

async function sweeps(paths: readonly string[], { batch, plot, json }: Options): Promise<string> {
  const results: Sweep[] = [];
  for (const path of paths) {
    const config = await load(path);
    const limits = await measureLimits(cpu(), [...new Set(['float32', config.network.precision] as const)]);
    results.push(sweep(config, cpu(), limits, typeof batch === 'number' ? [batch] : undefined));
  }
  const [first] = results;
  if (plot && first) await writeFile(plot, renderSweep(first));
  return json ? JSON.stringify(results, null, 2) : results.map(formatSweep).join('\n\n');
}

function load(path: string) {
  return loadConfig(path, { architectures: ARCHITECTURES, overrides: command.opts<Options>().set });
}

await runCommand(command, import.meta.url);
