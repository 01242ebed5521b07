/** The training loop: steps, validation, records, and when to save and stop. */
import type { Batch, Sides, SkippedImage } from '@inplace-abn/data';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import type { Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';
import type { RunData } from './data.js';
import type { LearningRates, RunEngine } from './engine.js';
import { Halting } from './halting.js';
import type { Meter } from './meter.js';
import type { Position } from './position.js';
import type { Recorder } from './recorder.js';
import type { StopRequest } from './stop.js';
import { Unreadable } from './unreadable.js';
import { type Validation, validate } from './validate.js';

/** Settings of the training loop. */
export interface LoopOptions {
  readonly epochs: number;
  /** Images per step, over all processes. */
  readonly batchSize: number;
  /** Seed of the first step's random numbers; each later step uses the next integer. */
  readonly seed: number;
  /** Crop of validation images in pixels: the side of a square, or height and width. */
  readonly crop: Sides;
  /** Learning rates for an epoch, from 0, and a step counted from the start of the run. */
  readonly rates: (epoch: number, step: number) => LearningRates;
  /** Also save after every this many steps. Default 0: only after epochs. */
  readonly saveEvery?: number;
  /** Save and stop after this many steps in total, as if interrupted. */
  readonly maxSteps?: number;
}

export interface TrainOutcome {
  readonly validation: Validation | null;
  /** The signal that stopped the run early; its state is saved. */
  readonly stopped: NodeJS.Signals | 'max-steps' | null;
}

export interface RunParts {
  readonly data: RunData;
  readonly engine: RunEngine;
  readonly progress: Progress;
  readonly recorder: Recorder;
  readonly stop: StopRequest;
  readonly peers: Peers;
  /** Images that the run skipped before it was resumed. */
  readonly skipped: readonly SkippedImage[];
}

/** Runs the remaining epochs and records them in the run's folder. */
export class TrainingRun {
  private readonly started = Date.now();
  private readonly loss = new RunningAverage();
  private readonly meter: Meter;
  private readonly clock = new StepClock();
  private readonly halting: Halting;
  private readonly unreadable: Unreadable;

  constructor(
    private readonly options: LoopOptions,
    private readonly parts: RunParts,
    private position: Position,
  ) {
    this.meter = parts.engine.task.newMeter('train');
    this.halting = new Halting(parts.stop, parts.peers);
    this.unreadable = new Unreadable([parts.data.train, parts.data.val], parts.peers, parts.skipped);
  }

  private get halted(): TrainOutcome['stopped'] {
    const { maxSteps } = this.options;
    if (this.halting.signal) return this.halting.signal;
    return maxSteps !== undefined && this.position.step >= maxSteps ? 'max-steps' : null;
  }

  get stand(): Position {
    return this.position;
  }

  async run(): Promise<TrainOutcome> {
    const { recorder } = this.parts;
    // A run that is resumed after its end has its last validation in the metrics.
    let validation = await recorder.lastValidation();
    await this.halting.agree();
    while (this.position.epoch < this.options.epochs && !this.halted) {
      await this.trainEpoch();
      const found = this.halted ? null : await this.validateEpoch();
      if (found) await this.finishEpoch(found);
      // The run continues in the middle of the epoch or with its validation.
      else await recorder.saveStep(this.position);
      validation = found ?? validation;
      this.unreadable.report(this.parts.progress);
    }
    await recorder.results(this.position, validation, (Date.now() - this.started) / 1000);
    return { validation, stopped: this.position.epoch < this.options.epochs ? this.halted : null };
  }

  private async trainEpoch(): Promise<void> {
    const { data, progress, recorder } = this.parts;
    const { epoch, stepInEpoch } = this.position;
    const { saveEvery = 0 } = this.options;
    this.loss.reset();
    this.meter.reset();
    this.clock.start();
    const batches = this.halting.batches(data.train, epoch, { startBatch: stepInEpoch });
    try {
      let next = await batches.next();
      while (!next.done) {
        this.clock.dataReady();
        const running = this.trainStep(next.value);
        const upcoming = this.ahead(batches);
        await running;
        if (this.halted) break;
        if (saveEvery > 0 && this.position.step % saveEvery === 0) await recorder.saveStep(this.position);
        next = await (upcoming ?? batches.next());
      }
    } finally {
      await batches.return?.();
    }
    progress.finish();
  }

  /** Requests the next batch during a step, if it can already move to the device. */
  private ahead(batches: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> | null {
    const { engine } = this.parts;
    if (!engine.prefetches) return null;
    const upcoming = batches.next().then((next) => {
      if (!next.done) engine.prefetch(next.value);
      return next;
    });
    // The error surfaces where the batch is awaited, unless the step before fails.
    upcoming.catch(() => {});
    return upcoming;
  }

  private async trainStep(batch: Batch): Promise<void> {
    const { engine, recorder, peers } = this.parts;
    const { epoch, step, stepInEpoch } = this.position;
    const rates = this.ratesAt(epoch, stepInEpoch);
    const seed = (this.options.seed + step) | 0;
    const { loss, outputs } = await engine.train(batch, {
      rates,
      update: step + 1,
      seed,
      halt: this.halting.request,
      unreadable: this.unreadable.untold,
    });
    this.halting.hear(Number(outputs.halt?.[0] ?? 0));
    await this.unreadable.hear(Number(outputs.unreadable?.[0] ?? 0));
    // With several processes the step itself reports how many items its sums cover.
    const inAll = peers.size === 1 ? undefined : Number(outputs.labelled?.[0] ?? 0);
    const { metrics, labelled } = this.meter.add(outputs, batch, inAll);
    batch.release();
    this.position = { ...this.position, step: step + 1, stepInEpoch: stepInEpoch + 1 };
    if (labelled > 0) this.loss.add(loss, labelled);
    this.clock.stepDone(this.options.batchSize);
    const { imagesPerSecond, waitShare } = this.clock;
    recorder.step(this.position, { loss, metrics, learningRate: rates.base, imagesPerSecond, waitShare });
    this.show(batch.number, loss, rates.base);
  }

  private show(batch: number, loss: number, learningRate: number): void {
    const { engine, data, progress } = this.parts;
    const { epoch, stepInEpoch } = this.position;
    const stepsLeft = (this.options.epochs - epoch) * data.train.batches - stepInEpoch;
    progress.update({
      phase: 'train',
      epoch: epoch + 1,
      epochs: this.options.epochs,
      step: batch + 1,
      steps: data.train.batches,
      loss,
      meanLoss: this.loss.mean,
      ...this.meter.metrics,
      learningRate,
      imagesPerSecond: this.clock.imagesPerSecond,
      waitShare: this.clock.waitShare,
      peakBytes: engine.bytes,
      etaSeconds: this.clock.eta(stepsLeft * this.options.batchSize),
    });
  }

  /** Null if the run should stop. */
  private async validateEpoch(): Promise<Validation | null> {
    const { engine, data, progress, recorder, peers } = this.parts;
    await engine.shareBuffers();
    const set = { loader: data.val, images: data.valImages, crop: this.options.crop };
    const { unreadable } = this;
    const place = { epoch: this.position.epoch + 1, epochs: this.options.epochs };
    try {
      return await validate({ engine, ...set, progress, ...place, peers, unreadable }, this.halting);
    } catch (error) {
      // Keep the steps of the epoch if its validation fails.
      await recorder.saveStep(this.position).catch(() => {});
      throw error;
    }
  }

  private async finishEpoch(result: Validation): Promise<void> {
    const { engine, recorder } = this.parts;
    const epoch = this.position.epoch + 1;
    recorder.validation(this.position, epoch, result);
    const reached = result[engine.task.criterion] ?? Number.NaN;
    const better = reached > this.position.best;
    const best = better ? { best: reached, stepOfBest: this.position.step } : {};
    this.position = { ...this.position, epoch, stepInEpoch: 0, ...best };
    await recorder.saveEpoch(this.position, better);
    await this.halting.agree();
  }

  /** Applies schedules by step count as the reference does: whole epochs of this run's number of batches. */
  private ratesAt(epoch: number, stepInEpoch: number): LearningRates {
    return this.options.rates(epoch, epoch * this.parts.data.train.batches + stepInEpoch);
  }
}
