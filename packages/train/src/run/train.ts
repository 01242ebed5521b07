/** A training run from configuration and image folder to a finished run folder. */
import { resolve } from 'node:path';
import { type RunState, RunStateStore } from '@inplace-abn/checkpoint';
import { type Device, UsageError } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import { Engine } from '../engine/engine.js';
import { learningRateOf } from '../engine/learning-rate.js';
import { Accuracy } from '../meters/accuracy.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import { Progress, type ProgressStream } from '../progress/progress.js';
import { RunFolder } from '../run-folder/run-folder.js';
import type { Versions } from '../run-folder/versions.js';
import { initialStateOf } from '../step/network.js';
import { evaluationBatches, openData, type RunData } from './data.js';
import { writeHistograms } from './histograms.js';
import { writeResults } from './results.js';
import { captureState, type Position, restoreState, START } from './state.js';
import { StopRequest } from './stop.js';
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
  /** Checkpoint file, or folder of checkpoints, to continue from. */
  readonly resume?: string;
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
  const stop = new StopRequest((signal) =>
    progress.note(`${signal}: finishing this step and saving; once more to kill`),
  );
  try {
    const { folder, position } = await openFolder(options, engine, progress);
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
  { config, versions, logDir, resume }: TrainOptions,
  engine: Engine,
  progress: Progress,
): Promise<{ folder: RunFolder; position: Position }> {
  if (resume === undefined) {
    return { folder: await RunFolder.create(logDir, { config, versions }), position: START };
  }
  const restored = await restoreState(engine, resume, true);
  const { position, path, notes } = restored;
  for (const note of notes) progress.note(note);
  const folder = await RunFolder.resume(logDir, position, { config, versions });
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
      if (this.halted) await this.save(false);
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
    const { epoch, step } = this.position;
    this.loss.reset();
    this.accuracy.reset();
    this.clock.start();
    const startBatch = step - epoch * data.train.batches;
    if (startBatch < 0 || startBatch > data.train.batches) {
      throw new UsageError(
        `step ${step} does not lie in epoch ${epoch + 1} of ${data.train.batches} steps: the batch size or the ` +
          'number of training images changed since the checkpoint; continue with the former ones, or start a new run',
      );
    }
    for await (const batch of data.train.epoch(epoch, { startBatch })) {
      this.clock.dataReady();
      await this.trainStep(batch);
      const { saveEvery = 0 } = this.options;
      if (this.halted) break;
      if (saveEvery > 0 && this.position.step % saveEvery === 0) await this.save(false);
    }
    progress.finish();
  }

  private async trainStep(batch: Batch): Promise<void> {
    const { engine, data, folder, progress } = this.parts;
    const { epoch, step } = this.position;
    const rates = this.learningRates(epoch, step);
    const result = await engine.train(batch, rates, step + 1, (this.options.config.seed + step) | 0);
    batch.release();
    this.position = { ...this.position, step: step + 1 };
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
    const stepsLeft = this.epochs * data.train.batches - this.position.step;
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
    this.position = { ...this.position, epoch, bestTop1: Math.max(top1, this.position.bestTop1) };
    await this.save(best);
    return result;
  }

  private async save(best: boolean): Promise<void> {
    await this.checkpoints.save(this.capture(), { best });
  }

  private capture(): RunState {
    const { config, versions } = this.options;
    return captureState(this.parts.engine, this.position, config, {
      node: versions.node,
      ...versions.packages,
    });
  }
}
