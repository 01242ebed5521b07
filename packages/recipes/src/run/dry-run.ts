/** One training step and one validation batch of a run that writes nothing. */
import { latestRunMeta } from '@inplace-abn/checkpoint';
import { formatBytes } from '@inplace-abn/core';
import type { Batch, Loader } from '@inplace-abn/data';
import {
  ALONE,
  type Beginning,
  beginningOf,
  METRICS,
  type MetricName,
  type Position,
  type Progress,
  progressOf,
  type RunData,
  START,
} from '@inplace-abn/train';
import { evaluationBatches } from '../data/loaders.js';
import type { Engine } from '../engine/engine.js';
import { learningRateOf } from '../engine/learning-rate.js';
import { initialStatesOf } from '../network/network.js';
import { taskOf } from '../tasks/registry.js';
import { withClassWeights, withPixelCounts } from './class-weights.js';
import { configNotes } from './config-notes.js';
import { engineWith } from './engine-with.js';
import { namingKeys } from './naming-keys.js';
import { restoreRun } from './restore.js';
import type { TrainOptions } from './train.js';

/** Options of a run. Its folder only matters with `continueRun`. */
export type DryRunOptions = Omit<TrainOptions, 'logDir' | 'versions'> & Partial<Pick<TrainOptions, 'logDir'>>;

/**
 * Opens the data, plans and allocates all that a run needs, restores what it would begin with, and makes one
 * training step and one validation batch. Nothing is written.
 *
 * @throws as {@link train} does, except for the run folder
 */
export async function dryRun(options: DryRunOptions): Promise<void> {
  const { config, device, workers, maxPixels, prices, peers = ALONE } = options;
  const progress = progressOf(options, peers);
  const reading = { workers, maxPixels, share: peers, once: true };
  const opened = await taskOf(config).openData(options.data, reading);
  for (const note of opened.notes) progress.note(note);
  const begin = await beginningOf(options);
  const goesOn = peers.rank === 0 && begin.path !== undefined && begin.take === 'everything';
  const soFar = goesOn ? ((await latestRunMeta(begin.path)) ?? null) : null;
  const data = await namingKeys(() => withPixelCounts(opened, config, { soFar, peers, progress }));
  for (const note of configNotes(config, data.train.batches)) progress.note(note);
  progress.note(`${data.trainImages} training and ${data.valImages} validation images`);
  const evaluated = evaluationBatches(data.valImages, config.optimizer.batch_size, peers);
  const known = withClassWeights(config, data);
  const engine = await engineWith(
    null,
    { device, config: known, evaluationBatches: evaluated, peers, loading: { workers, maxPixels }, prices },
    progress,
  );
  engine.load(initialStatesOf(engine.network, config.network, config.seed));
  engine.beginAverages();
  const first = peers.rank === 0 ? await positionOf(engine, data, begin, options, progress) : null;
  const { epoch, step, stepInEpoch } = await peers.fromFirst(first);
  await engine.shareStates();
  progress.note(`${formatBytes(engine.bytes)} for weights, optimizer state and arena`);
  const { batches } = data.train;
  const rates = learningRateOf(config.optimizer, batches)(epoch, epoch * batches + stepInEpoch);
  await namingKeys(async () => {
    // A state saved after an epoch's last step, before its validation, has no further batch.
    await firstBatch(data.train, epoch, stepInEpoch % batches, async (batch) => {
      const seed = (config.seed + step) | 0;
      const { loss, outputs } = await engine.train(batch, { rates, update: step + 1, seed });
      const labeled = outputs.labeled && Number(outputs.labeled[0]);
      const { metrics } = engine.task.newMeter('train').add(outputs, batch, labeled);
      progress.note(`one training step: ${resultLine(loss, metrics)}`);
    });
    await engine.shareBuffers();
    await firstBatch(data.val, 0, 0, (batch) => validated(engine, batch, options, progress));
  });
  progress.note('dry run: nothing was written');
}

/** Restores the checkpoint that a run begins with, and returns the position of the run. */
async function positionOf(
  engine: Engine,
  data: RunData,
  { path, take }: Beginning,
  { config, trainedWith }: DryRunOptions,
  progress: Progress,
): Promise<Position> {
  if (path === undefined) return START;
  const { position, averages, notes } = await restoreRun({ engine, config, data, path, take, trainedWith });
  for (const note of notes) progress.note(note);
  if (!averages) engine.beginAverages();
  return position;
}

async function validated(
  engine: Engine,
  batch: Batch,
  { config }: DryRunOptions,
  progress: Progress,
): Promise<void> {
  if (batch.size === 0) return;
  for (const averaged of engine.averages ? [false, true] : [false]) {
    const { loss, outputs } = await engine.evaluate(batch, config.input.crop_val, averaged);
    const meter = engine.task.newMeter('val');
    meter.add(outputs, batch);
    const what = averaged ? 'the same with averaged weights' : 'one validation batch';
    progress.note(`${what}: ${resultLine(loss, meter.metrics)}`);
  }
}

async function firstBatch(
  loader: Loader,
  epoch: number,
  startBatch: number,
  body: (batch: Batch) => Promise<void>,
): Promise<void> {
  for await (const batch of loader.epoch(epoch, { startBatch })) {
    await body(batch);
    batch.release();
    return;
  }
}

function resultLine(loss: number, metrics: Readonly<Partial<Record<MetricName, number>>>): string {
  const named = Object.entries(METRICS).flatMap(([name, { label }]) => {
    const value = metrics[name as MetricName];
    return value === undefined ? [] : [`${label} ${value.toFixed(2)} %`];
  });
  return [`loss ${loss.toFixed(4)}`, ...named].join('  ');
}
