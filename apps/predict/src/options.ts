/** The options of predict, and which of them go together. */
import { resolve } from 'node:path';
import { CommandLineError } from '@inplace-abn/cli';
import type { ProcessDevice } from '@inplace-abn/cuda';
import type { ImageOptions, NormMode, SegmentingOptions, TrainConfig } from '@inplace-abn/recipes';
import type { Command } from 'commander';
import { LIST } from './images/sources.js';
import { listOf } from './output/npy.js';
import { STDOUT } from './output/stream.js';

export interface Options extends ProcessDevice, ImageOptions, SegmentingOptions {
  readonly top: number;
  readonly threshold: number;
  readonly json?: string;
  readonly csv?: string;
  readonly html?: string;
  readonly features?: string;
  readonly npy?: string;
  readonly output?: string;
  readonly classes?: string;
  readonly config?: string;
  readonly batch: number;
  readonly maxPixels?: number;
  readonly trainedWith?: NormMode;
}

type Key = keyof Options;

type TaskName = TrainConfig['task'];

/** Options of networks that give one row of numbers for an image. */
const OF_ROWS = [
  'json',
  'csv',
  'html',
  'features',
  'npy',
  'crop',
  'scale',
  'batch',
  'workers',
  'printFreq',
] as const;

/** Options that not every task has. */
const OF_TASK: Readonly<Record<TaskName, readonly Key[]>> = {
  classification: ['top', ...OF_ROWS],
  'multi-label': ['threshold', ...OF_ROWS],
  segmentation: [
    'output',
    'scales',
    'flip',
    'fusionMode',
    'outputMode',
    'overlay',
    'labels',
    'maxSize',
    'precision',
    'memoryBudget',
    'resume',
  ],
};

/** @throws {CommandLineError} for options that do not go together, whatever the network is */
export function checkOptions(images: readonly string[], options: Options): void {
  const { features, npy, csv: table, html, json } = options;
  if (features === undefined && npy !== undefined) {
    throw new CommandLineError('--npy writes the vectors of a layer: add --features LAYER');
  }
  if (features !== undefined && (table !== undefined || html !== undefined)) {
    throw new CommandLineError('--features gives vectors and no classes: write them with --json or --npy');
  }
  if (json === STDOUT && table === STDOUT) {
    throw new CommandLineError('--json and --csv would both write to standard output: name a file for one');
  }
  if (npy === STDOUT || html === STDOUT) throw new CommandLineError('--npy and --html write files: name one');
  const files = filesOf(options).map((file) => resolve(file));
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice)
    throw new CommandLineError(`two results would be written to ${twice}: name another file for one`);
  if (images.filter((name) => name === LIST).length > 1) {
    throw new CommandLineError('standard input holds one list: name - once');
  }
}

/** @throws {CommandLineError} for an option that a network of this kind has no use for */
export function checkTask(command: Command, checkpoint: string, task: TaskName): void {
  const given = ([, keys]: [string, readonly Key[]]) =>
    keys.find((name) => !OF_TASK[task].includes(name) && command.getOptionValueSource(name) === 'cli');
  const found = Object.entries(OF_TASK).find((entry) => given(entry) !== undefined);
  const key = found && given(found);
  if (!found || key === undefined) return;
  const [other] = found;
  const flag = command.options.find((option) => option.attributeName() === key)?.long ?? key;
  throw new CommandLineError(`${checkpoint} is of a network for ${task}: ${flag} is for ${other}`);
}

/** The files that results go to. The list of the images of a matrix is one of them. */
export function filesOf({ json, csv: table, html, npy }: Options): string[] {
  const list = npy === undefined || npy === STDOUT ? undefined : listOf(npy);
  return [json, table, html, npy, list].flatMap((file) =>
    file === undefined || file === STDOUT ? [] : [file],
  );
}

/** Whether standard output holds results: where no file is named, it does. */
export function printsResults(options: Options): boolean {
  return options.json === STDOUT || options.csv === STDOUT || filesOf(options).length === 0;
}
