/** A training run from configuration and image folder to a finished run folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type RunState, RunStateStore } from '@inplace-abn/checkpoint';
import type { Device } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import { Engine } from '../engine/engine.js';
import { type LearningRates, learningRateOf } from '../engine/learning-rate.js';
import { Accuracy } from '../meters/accuracy.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import { Progress, type ProgressStream } from '../progress/progress.js';
import { RunFolder } from '../run-folder/run-folder.js';
import type { Versions } from '../run-folder/versions.js';
import { initialStateOf } from '../step/network.js';
import { evaluationBatches, openData, type RunData } from './data.js';
import { writeHistograms } from './histograms.js';
import { restoreRun, type Taking } from './restore.js';
import { writeResults } from './results.js';
import { captureState, layoutOf, type Position, START } from './state.js';
import { StopRequest } from './stop.js';
import { writeTorchCheckpoint } from './torch-checkpoint.js';
import { lastValidation, type Validation, validate } from './validate.js';

export interface TrainOptions {
  readonly config: TrainConfig;
  /** Folder with train/ and val/. */
  readonly data: string;
  readonly logDir: string;
  readonly device: Device;
  readonly versions: Versions;
  readonly workers: number;
  readonly printFreq: number;
  /** Checkpoint file (.pth.tar, .pth or .safetensors), or folder of checkpoints, to continue from. */
  readonly resume?: string;
  /** What to take from it; default everything. */
  readonly take?: Taking;
  /** Also save every this many steps; 0: after epochs only. */
  readonly saveEvery?: number;
  /** TensorBoard histograms of the fc and bn_out parameters every 10 steps. */
  readonly histograms?: boolean;
  /** Stop, saved, after this many steps in all, as if interrupted. */
  readonly maxSteps?: number;
  readonly stream?: ProgressStream;
}

export interface TrainOutcome {
  readonly validation: Validation | null;
  /** Signal that stopped the run early; its state is saved. */
  readonly stopped: NodeJS.Signals | 'max-steps' | null;
}

/** Trains, or continues to train. Resolves when the run is complete or, after a signal, saved. */
export async function train(options: TrainOptions): Promise<TrainOutcome> {
  const progress = new Progress({ printFreq: options.printFreq, stream: options.stream });
  const data = await openData(options.data, options.config, options.workers);
  const engine = new Engine({
    device: options.device,
    config: options.config,
    evaluationBatches: evaluationBatches(data.valImages, options.config.optimizer.batch_size),
  });
  engine.load(initialStateOf(engine.network, options.config.network, options.config.seed));
  if (options.config.network.bn_mode === 'sync') {
    progress.note('bn_mode sync: no process group, so statistics are those of this process, as with inplace');
  }
  const stop = new StopRequest((signal) =>
    progress.note(`${signal}: finishing this step and saving; once more to kill`),
  );
  try {
    const { folder, position } = await openFolder(options, { engine, data, progress });
    const run = new TrainingRun(options, { data, engine, progress, folder, stop }, position);
    try {
      return await run.run();
    } finally {
      folder.close();
    }
  } finally {
    stop.dispose();
  }
}

async function openFolder(
  { config, versions, logDir, resume, take = 'everything' }: TrainOptions,
  { engine, data, progress }: Pick<RunParts, 'engine' | 'data' | 'progress'>,
): Promise<{ folder: RunFolder; position: Position }> {
  const about = { config, versions };
  if (resume === undefined) return { folder: await RunFolder.create(logDir, about), position: START };
  const { position, path, kind, notes } = await restoreRun({ engine, config, data, path: resume, take });
  for (const note of notes) progress.note(note);
  if (kind === 'weights') return { folder: await RunFolder.create(logDir, about), position };
  // A checkpoint of PyTorch may come from elsewhere; a training state of ours comes with its run.
  const starts = kind === 'torch' && !existsSync(join(logDir, 'config.json'));
  const folder = starts
    ? await RunFolder.create(logDir, about)
    : await RunFolder.resume(logDir, position, about);
  for (const change of folder.changes) progress.note(`configuration changed since the run began: ${change}`);
  progress.note(`resuming from ${path}: epoch ${position.epoch}, step ${position.step}`);
  return { folder, position };
}

interface RunParts {
  readonly data: RunData;
  readonly engine: Engine;
  readonly progress: Progress;
  readonly folder: RunFolder;
  readonly stop: StopRequest;
}

class TrainingRun {
  private readonly started = Date.now();
  private readonly checkpoints: RunStateStore;
  private readonly loss = new RunningAverage();
  private readonly accuracy = new Accuracy();
  private readonly clock = new StepClock();
  private readonly learningRates: ReturnType<typeof learningRateOf>;

  constructor(
    private readonly options: TrainOptions,
    private readonly parts: RunParts,
    private position: Position,
  ) {
    this.checkpoints = new RunStateStore(parts.folder.checkpointsPath);
    this.learningRates = learningRateOf(options.config.optimizer);
  }

  private get epochs(): number {
    return this.options.config.optimizer.schedule.epochs;
  }

  private get halted(): TrainOutcome['stopped'] {
    const { maxSteps } = this.options;
    if (this.parts.stop.requested) return this.parts.stop.requested;
    return maxSteps !== undefined && this.position.step >= maxSteps ? 'max-steps' : null;
  }

  async run(): Promise<TrainOutcome> {
    const { engine, folder, data, progress } = this.parts;
    // A run that is resumed after its end has its last validation in the metrics.
    let validation = await lastValidation(folder.metricsPath, data.valImages);
    while (this.position.epoch < this.epochs && !this.halted) {
      await this.trainEpoch();
      if (this.halted) await this.saveStep();
      else validation = await this.finishEpoch();
    }
    const seconds = (Date.now() - this.started) / 1000;
    const { config, versions } = this.options;
    await writeResults({
      config,
      versions,
      engine,
      folder,
      data,
      validation,
      position: this.position,
      seconds,
    });
    const stopped = this.position.epoch < this.epochs ? this.halted : null;
    if (stopped)
      progress.note(
        `stopped after step ${this.position.step}; continue with --resume ${resolve(folder.checkpointsPath)}`,
      );
    return { validation, stopped };
  }

  private async trainEpoch(): Promise<void> {
    const { data, progress } = this.parts;
    const { epoch, stepInEpoch } = this.position;
    this.loss.reset();
    this.accuracy.reset();
    this.clock.start();
    for await (const batch of data.train.epoch(epoch, { startBatch: stepInEpoch })) {
      this.clock.dataReady();
      await this.trainStep(batch);
      const { saveEvery = 0 } = this.options;
      if (this.halted) break;
      if (saveEvery > 0 && this.position.step % saveEvery === 0) await this.saveStep();
    }
    progress.finish();
  }

  private async trainStep(batch: Batch): Promise<void> {
    const { engine, data, folder, progress } = this.parts;
    const { epoch, step, stepInEpoch } = this.position;
    const rates = this.ratesAt(epoch, stepInEpoch);
    const result = await engine.train(batch, rates, step + 1, (this.options.config.seed + step) | 0);
    batch.release();
    this.position = { ...this.position, step: step + 1, stepInEpoch: stepInEpoch + 1 };
    this.loss.add(result.loss, batch.size);
    this.accuracy.add(result.correct1, result.correct5, batch.size);
    this.clock.stepDone(batch.size);
    const top1 = (100 * result.correct1) / batch.size;
    const top5 = (100 * result.correct5) / batch.size;
    const { imagesPerSecond, waitShare } = this.clock;
    folder.metrics.add({
      phase: 'train',
      epoch: epoch + 1,
      step: step + 1,
      loss: result.loss,
      top1,
      top5,
      learningRate: rates.base,
      imagesPerSecond,
      waitShare,
      time: Date.now() / 1000,
    });
    folder.events.scalars(step + 1, {
      'train/loss': result.loss,
      'train/lr': rates.base,
      'train/top1': top1,
      'train/top5': top5,
    });
    if (this.options.histograms && (step + 1) % 10 === 0)
      writeHistograms(folder.events, engine.store, step + 1);
    const stepsLeft = (this.epochs - epoch) * data.train.batches - this.position.stepInEpoch;
    progress.update({
      phase: 'train',
      epoch: epoch + 1,
      epochs: this.epochs,
      step: batch.number + 1,
      steps: data.train.batches,
      loss: result.loss,
      meanLoss: this.loss.mean,
      top1: this.accuracy.top1,
      top5: this.accuracy.top5,
      learningRate: rates.base,
      imagesPerSecond,
      waitShare,
      peakBytes: engine.bytes,
      etaSeconds: this.clock.eta(stepsLeft * batch.size),
    });
  }

  private async finishEpoch(): Promise<Validation> {
    const { engine, data, progress, folder } = this.parts;
    const epoch = this.position.epoch + 1;
    const result = await validate({
      engine,
      loader: data.val,
      images: data.valImages,
      crop: this.options.config.input.crop_val,
      progress,
      epoch,
      epochs: this.epochs,
    });
    const { loss, top1, top5 } = result;
    folder.metrics.add({
      phase: 'val',
      epoch,
      step: this.position.step,
      loss,
      top1,
      top5,
      time: Date.now() / 1000,
    });
    folder.events.scalars(epoch, { 'val/loss': loss, 'val/top1': top1, 'val/top5': top5 });
    const best = top1 > this.position.bestTop1;
    const bestTop1 = Math.max(top1, this.position.bestTop1);
    this.position = { ...this.position, epoch, stepInEpoch: 0, bestTop1 };
    await this.saveEpoch(best);
    return result;
  }

  /** In the middle of an epoch: what an exact resume needs. */
  private async saveStep(): Promise<void> {
    await this.checkpoints.save(this.capture());
  }

  /** After an epoch: the same, and the files that PyTorch continues from. */
  private async saveEpoch(best: boolean): Promise<void> {
    const { engine, folder, data } = this.parts;
    const { network, optimizer } = this.options.config;
    const state = this.capture();
    await this.checkpoints.save(state, { best });
    const rates = this.ratesAt(this.position.epoch - 1, data.train.batches - 1);
    const checkpoint = { network: engine.network, arch: network.arch, config: optimizer, rates, state };
    await writeTorchCheckpoint(folder.path, checkpoint, best);
  }

  /** Schedules by step count as the reference does: whole epochs at this run's number of batches. */
  private ratesAt(epoch: number, stepInEpoch: number): LearningRates {
    return this.learningRates(epoch, epoch * this.parts.data.train.batches + stepInEpoch);
  }

  private capture(): RunState {
    const { config, versions } = this.options;
    const layout = layoutOf(config, this.parts.data);
    const about = { layout, versions: { node: versions.node, ...versions.packages } };
    return captureState(this.parts.engine, this.position, config, about);
  }
}
