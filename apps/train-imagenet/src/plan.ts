#!/usr/bin/env node
/** plan: prints the memory of a training step before anything runs. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { CommandLineError, runCommand, withAdvice } from '@inplace-abn/cli';
import { availableMemory, cpu, type Device, formatBytes, planningCpu, portableCpu } from '@inplace-abn/core';
import { shareSize } from '@inplace-abn/data';
import {
  bytes,
  formatPlan,
  fraction,
  type Growing,
  type Largest,
  largestOf,
  type NormMode,
  type Override,
  type PlanReport,
  pixels,
  planReport,
  positive,
  positives,
  pricesOption,
  setOption,
  TRAINED_WITH_ADVICE,
  type TrainConfig,
  trainedWithOption,
} from '@inplace-abn/recipes';
import { measureLimits } from '@inplace-abn/train';
import { Command, Option } from 'commander';
import { type AuditReport, auditCheckpoint, formatAudit } from './plan/audit.js';
import { formatPlanTable, planPerDevice } from './plan/plan-table.js';
import { measuredPrices } from './plan/prices.js';
import { check, difference, freezing, lock } from './plan/questions.js';
import { scaling } from './plan/scaling.js';
import { addScalingOptions, type ScalingFlags } from './plan/scaling-options.js';
import { formatSweep, renderSweep, type Sweep, sweep } from './plan/sweep.js';
import { configToShow } from './shown-config.js';

interface Options extends ScalingFlags {
  readonly set: readonly Override[];
  readonly batch?: number | 'auto';
  readonly crop?: 'auto';
  readonly width?: 'auto';
  readonly memory?: number;
  readonly budget?: number;
  readonly valImages?: number;
  readonly portable?: boolean;
  readonly diff?: boolean;
  readonly lock?: string;
  readonly check?: string;
  readonly freeze?: string;
  readonly measurePrices?: string;
  readonly sweep?: boolean;
  readonly plot?: string;
  readonly audit?: string;
  readonly threshold: number;
  readonly trainedWith?: NormMode;
  readonly nproc: number;
  readonly workers: number;
  readonly maxPixels?: number;
  readonly devices?: readonly number[];
  readonly markdown?: boolean;
  readonly json?: boolean;
}

/** Options that ask for something other than a plan; they exclude each other. */
const QUESTIONS = ['diff', 'lock', 'check', 'freeze', 'devices', 'nodes', 'sweep', 'audit', 'measurePrices'];

/** `others`: further options that it excludes. */
function question(flags: string, description: string, others: readonly string[] = []): Option {
  const option = new Option(flags, description);
  return option.conflicts([
    ...QUESTIONS.filter((name) => name !== option.attributeName()),
    ...['crop', 'width', 'plot', ...others],
  ]);
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
      'images per step (default: optimizer.batch_size); auto: find the most that fit --memory, evaluation included',
    ).argParser((text) => (text === 'auto' ? text : positive(text))),
  )
  .addOption(
    new Option('--crop <auto>', 'find the largest square input.crop_train that fits --memory').choices([
      'auto',
    ]),
  )
  .addOption(
    new Option('--width <auto>', 'find the largest network.width that fits --memory, in sixteenths').choices([
      'auto',
    ]),
  )
  .addOption(
    new Option(
      '--memory <bytes>',
      'with auto: limit for weights, optimizer state and arena of a process, without recomputing more (default: its share of the free memory here)',
    ).argParser(bytes),
  )
  .addOption(
    new Option(
      '--budget <bytes>',
      'recompute values until weights, optimizer state and arena fit these bytes: 8GB, 1.5GiB (default: memory_budget of the configuration)',
    ).argParser(bytes),
  )
  .option(
    '--val-images <n>',
    'with auto: size of the validation set, to plan its smaller last batch as well',
    positive,
  )
  .addOption(
    question('--diff', 'compare two configurations or locks: bytes, work, layers whose choice changed'),
  )
  .addOption(
    question('--lock <file>', "write bytes, work and every layer's choice, the same on every machine"),
  )
  .addOption(
    question(
      '--check <file>',
      'compare with a lock; if memory or recompute grew, name the layers and exit with 1',
    ),
  )
  .addOption(
    question(
      '--freeze <paths>',
      "print what freezing parameters or modules saves: mod1,mod2.block1 or a range such as 'mod1…mod4'",
    ),
  )
  .addOption(
    question(
      '--measure-prices <file>',
      'time every instruction of a step on this machine, and add the times to the file',
      ['json', 'portable'],
    ),
  )
  .addOption(
    pricesOption(
      'read times that --measure-prices wrote: predict the time of the step, choose by seconds what --budget recomputes, and simulate --nodes with them',
    ).conflicts([
      ...QUESTIONS.filter((name) => name !== 'nodes'),
      ...['plot', 'stepTime', 'deviceFlops', 'deviceBandwidth'],
    ]),
  )
  .option('--nproc <n>', 'processes that share a batch: print the memory of each', positive, 1)
  .option(
    '-j, --workers <n>',
    'images to load in parallel, counted in the memory of the process',
    positive,
    2,
  )
  .option(
    '--max-pixels <n>',
    'largest image in pixels, as in training; bounds the memory of the process',
    pixels,
  )
  .option('--portable', 'plan with estimated workspaces, the same on every machine, as locks do')
  .addOption(
    new Option(
      '-d, --devices <list>',
      'print a table of optimizer.batch_size split over these numbers of devices: 4,8,16',
    )
      .argParser(positives)
      .conflicts('batch'),
  )
  .option(
    '--sweep',
    'print bytes, extra work and time for a range of batches and budgets, at the limits of this machine',
  )
  .option('--plot <file>', 'write the table of --sweep as an HTML page')
  .option(
    '--audit <checkpoint>',
    'measure the error of every inversion with these weights; plan again, keeping the inputs of layers above --threshold',
  )
  .addOption(
    new Option(
      '--threshold <error>',
      'with --audit: largest error, relative to the standard deviation of a channel',
    )
      .argParser(fraction)
      .default(0.1),
  )
  .addOption(trainedWithOption())
  .addOption(new Option('--markdown', 'print a table as Markdown').conflicts('json'))
  .option('--json', 'print JSON: bytes by kind, peak, layers, ordinary; a list for several plans')
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()} config.json --batch 32
  ${command.name()} config.json --batch auto --memory 8GB
  ${command.name()} config.json --budget 8GB
  ${command.name()} --diff before.json after.json
  ${command.name()} config.json --nodes 64 --per-node 8 --batch 32 --bandwidth 100Gbit --latency 5us

Needs no data and trains nothing. Exit codes: 0 done, 1 error or --check found growth, 2 usage.`,
  )
  .action(main);
addScalingOptions(command);

async function main(paths: string[], options: Options): Promise<void> {
  process.stdout.write(`${await textOf(paths, options)}\n`);
}

function textOf(paths: readonly string[], options: Options): Promise<string> {
  const { diff, lock: lockFile, check: lockedFile, freeze, measurePrices: pricesFile } = options;
  if (diff) return difference(paths, (path) => asked(path, options), options);
  if (lockFile) return lock(lockFile, () => only(paths, options));
  if (lockedFile) return checked(paths, lockedFile, options);
  if (freeze) return freezing(freeze, () => only(paths, options), options);
  if (pricesFile) return measured(pricesFile, paths, options);
  if (options.nodes) return clusters(paths, options);
  if (options.sweep || options.plot) return sweeps(paths, options);
  return options.devices ? table(paths, options.devices, options) : reports(paths, options);
}

async function checked(paths: readonly string[], file: string, options: Options): Promise<string> {
  const { text, grown } = await check(file, () => only(paths, options), options);
  if (grown) process.exitCode = 1;
  return text;
}

/** The configuration and batch of a question about one configuration. @throws CommandLineError for several */
function only(paths: readonly string[], options: Options) {
  const [path = '', ...others] = paths;
  if (others.length > 0)
    throw new CommandLineError('expected one configuration: run the command once for each');
  return asked(path, options);
}

async function asked(path: string, { batch, budget }: Options) {
  if (batch === 'auto')
    throw new CommandLineError('expected a number of images: find it with --batch auto first');
  const config = await load(path);
  return {
    config: { ...config, memory_budget: budget ?? config.memory_budget },
    batch: batch ?? config.optimizer.batch_size,
  };
}

async function measured(file: string, paths: readonly string[], options: Options): Promise<string> {
  const questions = [];
  for (const path of paths) questions.push(await asked(path, options));
  return measuredPrices(file, questions);
}

async function clusters(paths: readonly string[], options: Options): Promise<string> {
  const questions = [];
  for (const path of paths) {
    const { config } = await asked(path, options);
    const batch = typeof options.batch === 'number' ? options.batch : null;
    questions.push({ name: basename(path, '.json'), config, batch });
  }
  return scaling(questions, options);
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

/** A plan, with the results that it depends on. */
interface Found {
  readonly plan: PlanReport;
  readonly audit: AuditReport | null;
  readonly largest: Omit<Largest, 'config'> | null;
}

async function reports(paths: readonly string[], options: Options): Promise<string> {
  const found: Found[] = [];
  for (const path of paths) found.push(await find(await load(path), options));
  if (options.json) {
    const objects = found.map(({ plan, audit, largest }) => {
      return { ...plan, ...(audit && { audit }), ...(largest && { largest }) };
    });
    return JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 2);
  }
  const texts = found.flatMap(({ plan, audit, largest }) => [
    ...(audit ? [formatAudit(audit)] : []),
    ...(largest ? [formatLargest(largest)] : []),
    formatPlan(plan, { processes: options.nproc }),
  ]);
  return texts.join('\n\n');
}

async function find(config: TrainConfig, options: Options): Promise<Found> {
  const { audit: checkpoint } = options;
  const audit = checkpoint ? await audited(config, checkpoint, options) : null;
  const keep_inputs = [...config.network.keep_inputs, ...(audit?.keep ?? [])];
  return { ...report({ ...config, network: { ...config.network, keep_inputs } }, options), audit };
}

function audited(config: TrainConfig, checkpoint: string, { threshold, trainedWith }: Options) {
  return withAdvice(TRAINED_WITH_ADVICE, () =>
    auditCheckpoint(config, checkpoint, cpu(), threshold, trainedWith),
  );
}

function report(config: TrainConfig, options: Options): Omit<Found, 'audit'> {
  const { batch, budget, nproc, valImages: validationImages, portable } = options;
  const { memory = availableMemory() / nproc } = options;
  const device = portable ? portableCpu() : planningCpu();
  const growing = growingIn(options);
  const fixed = batch === 'auto' ? undefined : batch;
  if (!growing) {
    const within = { ...config, memory_budget: budget ?? config.memory_budget };
    return { plan: planned(within, fixed ?? config.optimizer.batch_size, device, options), largest: null };
  }
  const { config: grown, ...largest } = largestOf(growing, config, device, memory, {
    batch: fixed,
    validationImages,
    processes: nproc,
  });
  return { plan: planned(grown, largest.batch, device, options), largest };
}

/** The plan of a process with its part of a batch. */
function planned(
  config: TrainConfig,
  batch: number,
  device: Device,
  { nproc: processes, workers, maxPixels, prices }: Options,
): PlanReport {
  const whole = { ...config, optimizer: { ...config.optimizer, batch_size: batch } };
  const share = shareSize(batch, { rank: 0, size: processes });
  return planReport(whole, share, device, { processes, workers, maxPixels }, prices).report;
}

function growingIn({ batch, crop, width, budget }: Options): Growing | undefined {
  const given = { batch: batch === 'auto', crop: crop === 'auto', width: width === 'auto' };
  const [growing, ...others] = (['batch', 'crop', 'width'] as const).filter((name) => given[name]);
  if (others.length > 0) throw new CommandLineError('only one of --batch, --crop and --width can be auto');
  if (growing && budget !== undefined) {
    throw new CommandLineError(
      'auto searches within --memory BYTES: give that instead of --budget, which recomputes to fit',
    );
  }
  return growing;
}

function formatLargest({ of, value, bytes: needed }: Omit<Largest, 'config'>): string {
  const found = { batch: `batch ${value}`, crop: `crop ${value}×${value}`, width: `width ${value}` }[of];
  return `largest that fits: ${found}; training and evaluation take ${formatBytes(needed)}`;
}

async function sweeps(paths: readonly string[], { batch, plot, json }: Options): Promise<string> {
  if (plot && paths.length > 1) throw new CommandLineError('--plot draws one configuration: name only one');
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
  return configToShow(path, command.opts<Options>().set);
}

await runCommand(command, import.meta.url);
