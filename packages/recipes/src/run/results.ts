/** The results of a run next to its checkpoints: summary.json and report.html. */
import { memoryMapOf } from '@inplace-abn/core';
import type { SkippedImage } from '@inplace-abn/data';
import {
  bestKey,
  type Position,
  type ProfileReport,
  type ReportData,
  type RunData,
  type RunFolder,
  readMetrics,
  type Validation,
  type Versions,
  writeReport,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { ordinaryBytes } from '../plan/plan-report.js';
import { defaultClasses } from '../segmentation/classes.js';
import { factsOf } from './facts.js';

/** Where a run comes from. */
export interface Origin {
  /** Folder with train/ and val/. */
  readonly data: string;
  /** The command line that started it, if any. */
  readonly command?: string;
  readonly processes: number;
}

export interface Results {
  readonly origin: Origin;
  readonly config: TrainConfig;
  readonly versions: Versions;
  readonly engine: Engine;
  readonly folder: RunFolder;
  readonly data: RunData;
  /** Validation of the last epoch; null if none was completed. */
  readonly validation: Validation | null;
  readonly position: Position;
  readonly seconds: number;
  /** Images that could not be read, since the run began. */
  readonly skipped: readonly SkippedImage[];
  /** Breakdown of the step time, if it was measured. */
  readonly profile?: ProfileReport;
}

export async function writeResults(results: Results): Promise<void> {
  const { config, engine, folder, data, validation, position, seconds, skipped } = results;
  const { metrics, criterion } = engine.task;
  const images = config.optimizer.batch_size;
  const memory = { ours: engine.plan.bytes, ordinary: ordinaryBytes(config, images) };
  await folder.writeSummary({
    arch: config.network.arch,
    epochs: position.epoch,
    steps: position.step,
    images: data.valImages,
    ...Object.fromEntries(metrics.map((name) => [name, validation?.[name] ?? null])),
    loss: validation?.loss ?? null,
    ...(validation?.averaged && { averaged: validation.averaged }),
    [bestKey(criterion)]: position.best,
    seconds,
    memory,
    skipped: skipped.length,
  });
  await writeReport(folder.reportPath, {
    title: `${config.network.arch}: ${position.step} steps`,
    facts: factsOf(results, new Date()),
    metrics: await readMetrics(folder.metricsPath),
    memory: { ...memory, images },
    memoryMap: memoryMapOf(engine.plan),
    byClass: byClassOf(validation, data),
    profile: results.profile,
    skipped,
  });
}

function byClassOf(
  validation: Validation | null,
  { classes }: Pick<RunData, 'classes'>,
): ReportData['byClass'] {
  const values = validation?.iou ?? validation?.ap;
  if (!values) return undefined;
  const names = classes ?? defaultClasses(values.length).map(({ name }) => name);
  const measure = validation?.iou ? 'IoU' : 'Average precision';
  return { measure, classes: names.map((name, id) => ({ name, value: values[id] ?? Number.NaN })) };
}
