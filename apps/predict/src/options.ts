/** The options of predict, and checks of which may be combined. */
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

/** Options of networks with one row of outputs per image. */
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

/** Options that only some tasks accept. */
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

/** @throws {CommandLineError} for options that no network accepts together */
export function checkOptions(images: readonly string[], options: Options): void {
  const { features, npy, csv: table, html, json } = options;
  if (features === undefined && npy !== undefined) {
    throw new CommandLineError('--npy writes the output of a layer: add --features LAYER');
  }
  if (features !== undefined && (table !== undefined || html !== undefined)) {
    throw new CommandLineError('--features has no classes for --csv or --html: use --json or --npy');
  }
  if (json === STDOUT && table === STDOUT) {
    throw new CommandLineError(
      '--json and --csv cannot both write to standard output: name a file for one of them',
    );
  }
  if (npy === STDOUT || html === STDOUT)
    throw new CommandLineError('--npy and --html cannot write to standard output: name a file');
  const files = filesOf(options).map((file) => resolve(file));
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice)
    throw new CommandLineError(`two results would be written to ${twice}: name another file for one`);
  if (images.filter((name) => name === LIST).length > 1) {
    throw new CommandLineError('- reads the list from standard input and can be given only once');
  }
}

/** @throws {CommandLineError} for an option of another task */
export function checkTask(command: Command, checkpoint: string, task: TaskName): void {
  const given = ([, keys]: [string, readonly Key[]]) =>
    keys.find((name) => !OF_TASK[task].includes(name) && command.getOptionValueSource(name) === 'cli');
  const found = Object.entries(OF_TASK).find((entry) => given(entry) !== undefined);
  const key = found && given(found);
  if (!found || key === undefined) return;
  const [other] = found;
  const flag = command.options.find((option) => option.attributeName() === key)?.long ?? key;
  throw new CommandLineError(`${flag} is for ${other}, but ${checkpoint} holds a ${task} network`);
}

/** The files that results are written to, including the list of images next to a matrix. */
export function filesOf({ json, csv: table, html, npy }: Options): string[] {
  const list = npy === undefined || npy === STDOUT ? undefined : listOf(npy);
  return [json, table, html, npy, list].flatMap((file) =>
    file === undefined || file === STDOUT ? [] : [file],
  );
}

/** Whether results go to standard output, as they do if no file is named. */
export function printsResults(options: Options): boolean {
  return options.json === STDOUT || options.csv === STDOUT || filesOf(options).length === 0;
}
