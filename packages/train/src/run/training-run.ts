/** The training loop: steps, validations, their records, and when to save and stop. */
import { resolve } from 'node:path';
import { type RunState, RunStateStore } from '@inplace-abn/checkpoint';
import type { Batch } from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { type LearningRates, learningRateOf } from '../engine/learning-rate.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import type { Progress } from '../progress/progress.js';
import type { RunFolder } from '../run-folder/run-folder.js';
import type { Versions } from '../run-folder/versions.js';
import { type Metrics, metricScalars } from '../task/metrics.js';
import type { Meter } from '../task/task.js';
import type { RunData } from './data.js';
import { writeHistograms } from './histograms.js';
import { writeResults } from './results.js';
import { captureState, layoutOf, type Position } from './state.js';
import type { StopRequest } from './stop.js';
import { writeTorchCheckpoint } from './torch-checkpoint.js';
import { lastValidation, type Validation, validate } from './validate.js';

/** What the loop needs of a run's options. */
export interface LoopOptions {
  readonly config: TrainConfig;
  readonly versions: Versions;
  /** Also save every this many steps; 0: after epochs only. */
  readonly saveEvery?: number;
  /** TensorBoard histograms of the classifier's and the last normalisation's parameters every 10 steps. */
  readonly histograms?: boolean;
  /** Stop, saved, after this many steps in all, as if interrupted. */
  readonly maxSteps?: number;
}

export interface TrainOutcome {
  readonly validation: Validation | null;
  /** Signal that stopped the run early; its state is saved. */
  readonly stopped: NodeJS.Signals | 'max-steps' | null;
}

export interface RunParts {
  readonly data: RunData;
  readonly engine: Engine;
  readonly progress: Progress;
  readonly folder: RunFolder;
  readonly stop: StopRequest;
}

/** The epochs of a run from where it stands, with all that they leave in its folder. */
export class TrainingRun {
  private readonly started = Date.now();
  private readonly checkpoints: RunStateStore;
  private readonly loss = new RunningAverage();
  private readonly meter: Meter;
  private readonly clock = new StepClock();
  private readonly learningRates: ReturnType<typeof learningRateOf>;

  constructor(
    private readonly options: LoopOptions,
    private readonly parts: RunParts,
    private position: Position,
  ) {
    this.meter = parts.engine.task.newMeter('train');
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
    let validation = await lastValidation(folder.metricsPath, engine.task.metrics, data.valImages);
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
    this.meter.reset();
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
    const { engine } = this.parts;
    const { epoch, step, stepInEpoch } = this.position;
    const rates = this.ratesAt(epoch, stepInEpoch);
    const { loss, outputs } = await engine.train(
      batch,
      rates,
      step + 1,
      (this.options.config.seed + step) | 0,
    );
    const { metrics, labelled } = this.meter.add(outputs, batch);
    batch.release();
    this.position = { ...this.position, step: step + 1, stepInEpoch: stepInEpoch + 1 };
    if (labelled > 0) this.loss.add(loss, labelled);
    this.clock.stepDone(batch.size);
    this.record(loss, metrics, rates.base);
    this.show(batch, loss, rates.base);
  }

  /** The step that was just made, in the run's files. */
  private record(loss: number, metrics: Metrics, learningRate: number): void {
    const { engine, folder } = this.parts;
    const { epoch, step } = this.position;
    const { imagesPerSecond, waitShare } = this.clock;
    folder.metrics.add({
      phase: 'train',
      epoch: epoch + 1,
      step,
      loss,
      ...metrics,
      learningRate,
      imagesPerSecond,
      waitShare,
      time: Date.now() / 1000,
    });
    folder.events.scalars(step, {
      'train/loss': loss,
      'train/lr': learningRate,
      ...metricScalars('train', metrics),
    });
    if (this.options.histograms && step % 10 === 0)
      writeHistograms(folder.events, engine.store, engine.task.watched, step);
  }

  private show(batch: Batch, loss: number, learningRate: number): void {
    const { engine, data, progress } = this.parts;
    const { epoch, stepInEpoch } = this.position;
    const stepsLeft = (this.epochs - epoch) * data.train.batches - stepInEpoch;
    progress.update({
      phase: 'train',
      epoch: epoch + 1,
      epochs: this.epochs,
      step: batch.number + 1,
      steps: data.train.batches,
      loss,
      meanLoss: this.loss.mean,
      ...this.meter.metrics,
      learningRate,
      imagesPerSecond: this.clock.imagesPerSecond,
      waitShare: this.clock.waitShare,
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
    const { loss, images, ...metrics } = result;
    const { step } = this.position;
    folder.metrics.add({ phase: 'val', epoch, step, loss, ...metrics, time: Date.now() / 1000 });
    folder.events.scalars(epoch, { 'val/loss': loss, ...metricScalars('val', metrics) });
    const reached = metrics[engine.task.criterion] ?? Number.NaN;
    const better = reached > this.position.best;
    const best = better ? reached : this.position.best;
    this.position = { ...this.position, epoch, stepInEpoch: 0, best };
    await this.saveEpoch(better);
    return result;
  }

  /** In the middle of an epoch: what an exact resume needs. */
  private async saveStep(): Promise<void> {
    await this.checkpoints.save(this.capture());
  }

  /** After an epoch: the same, and the files that PyTorch continues from. */
  private async saveEpoch(better: boolean): Promise<void> {
    const { engine, folder, data } = this.parts;
    const { network, optimizer } = this.options.config;
    const state = this.capture();
    await this.checkpoints.save(state, { best: better });
    const rates = this.ratesAt(this.position.epoch - 1, data.train.batches - 1);
    const { best } = this.position;
    const checkpoint = {
      network: engine.network,
      task: engine.task,
      arch: network.arch,
      config: optimizer,
      rates,
      best,
      state,
    };
    await writeTorchCheckpoint(folder.path, checkpoint, better);
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
