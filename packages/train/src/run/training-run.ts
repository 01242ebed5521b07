/** A training run: epochs of steps and validations over all processes, and when they stop. */
import type { Batch, Sides, SkippedImage } from '@inplace-abn/data';
import { type FitCallback, type FitPosition, type Trainee, trainEpochs } from '@inplace-abn/session';
import type { ValidationResults } from '../callbacks/record-metrics.js';
import { ShowProgress } from '../callbacks/show-progress.js';
import { timeSteps } from '../callbacks/time-steps.js';
import { byClassIn, metricEntries } from '../meters/metrics.js';
import type { StepClock } from '../meters/step-clock.js';
import type { Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';
import type { RunData } from './data.js';
import type { LearningRates, RunEngine } from './engine.js';
import { Halting } from './halting.js';
import type { Meter } from './meter.js';
import type { Standing } from './standing.js';
import type { StopRequest } from './stop.js';
import { type SkipReason, Unreadable } from './unreadable.js';
import { type Validation, validate } from './validate.js';

/** Length, seed and learning rates of a run. */
export interface LoopOptions {
  /** Epochs in all, those before a resume included. */
  readonly epochs: number;
  /** Images of a step, over all processes. */
  readonly batchSize: number;
  /** Seed of the random draws of the first step; each step uses the next. */
  readonly seed: number;
  /** Pixels of a validation's images: the side of a square, or height and width. */
  readonly crop: Sides;
  /** Learning rates in an epoch, counted from 0, at a step counted from the beginning of the run. */
  readonly rates: (epoch: number, step: number) => LearningRates;
  /** Stop, saved, after this many steps in all, as if interrupted. */
  readonly maxSteps?: number;
  /** Epochs without a better result after which the run is complete; 0, the default: never. */
  readonly patience?: number;
}

/** How a run ended. */
export interface TrainOutcome {
  /** The last validation; null if there was none. */
  readonly validation: Validation | null;
  /** The signal or limit that stopped the run early; its state is saved. */
  readonly stopped: NodeJS.Signals | 'max-steps' | null;
  /** Whether the run ended before its last epoch, because its results no longer improved. */
  readonly early?: boolean;
}

/** Events outside of a run; their position is that of its {@link Standing}. */
export type RunCallback = FitCallback<string, ValidationResults>;

export interface RunParts {
  readonly data: RunData;
  readonly engine: RunEngine;
  readonly progress: Progress;
  readonly standing: Standing;
  /** Times the training steps. */
  readonly clock: StepClock;
  /** Callbacks of this process. Only those of rank 0 record anything. */
  readonly callbacks: readonly RunCallback[];
  readonly stop: StopRequest;
  readonly peers: Peers;
  /** Images that the run skipped before it was resumed. */
  readonly skipped: readonly SkippedImage[];
  /** Default: the image's own reason. */
  readonly skipReason?: SkipReason;
}

/** The remaining epochs of a run. */
export class TrainingRun {
  private readonly meter: Meter;
  private readonly halting: Halting;
  private readonly unreadable: Unreadable;

  /**
   * Joins the parts of a run; `run` trains.
   *
   * @param options epochs, and when to stop early
   * @param parts network, data, callbacks and processes of the run
   */
  constructor(
    private readonly options: LoopOptions,
    private readonly parts: RunParts,
  ) {
    this.meter = parts.engine.task.newMeter('train');
    this.halting = new Halting(parts.stop, parts.peers);
    const { data, peers, skipped, skipReason } = parts;
    this.unreadable = new Unreadable([data.train, data.val], peers, skipped, skipReason);
  }

  private get halted(): TrainOutcome['stopped'] {
    const { maxSteps } = this.options;
    if (this.halting.signal) return this.halting.signal;
    return maxSteps !== undefined && this.parts.standing.position.step >= maxSteps ? 'max-steps' : null;
  }

  /** Whether there was no better result for too long. */
  private get outOfPatience(): boolean {
    const { patience = 0, epochs } = this.options;
    const { epoch, sinceBest } = this.parts.standing.position;
    return patience > 0 && sinceBest >= patience && epoch < epochs;
  }

  /**
   * Trains to the end, or until a stop is requested; the run is then saved.
   *
   * @throws NotFiniteError before the update of a step whose loss is not finite; UnreadableLimitError
   * (ERR_UNREADABLE_LIMIT) and ImageError for images; CommError if a peer is lost; and what callbacks throw
   */
  async run(): Promise<TrainOutcome> {
    const { engine, data, standing } = this.parts;
    const { epochs } = this.options;
    await this.halting.agree();
    if (this.outOfPatience) return { validation: standing.validation, stopped: null, early: true };
    const trainee: Trainee<Batch, string, ValidationResults> = {
      train: (batch, at) => this.train(batch, at),
      validate: (at) => this.validate(at),
    };
    if (engine.prefetches) trainee.prefetch = (batch) => engine.prefetch(batch);
    await trainEpochs(trainee, {
      epochs,
      start: standing.position,
      batches: (epoch, startBatch) => this.halting.batches(data.train, epoch, { startBatch }),
      callbacks: this.callbacks,
      stopped: () => this.halted !== null,
    });
    return {
      validation: standing.validation,
      stopped: standing.position.epoch < epochs && !this.outOfPatience ? this.halted : null,
      ...(this.outOfPatience ? { early: true } : {}),
    };
  }

  private get callbacks(): RunCallback[] {
    const { data, engine, progress, standing, clock, callbacks } = this.parts;
    const { epochs, batchSize: images } = this.options;
    const steps = data.train.batches;
    const bytes = () => engine.bytes;
    const metrics = () => this.meter.metrics;
    return [
      standing,
      timeSteps(clock, images),
      { onEpochStart: () => this.meter.reset() },
      new ShowProgress({ progress, clock, epochs, steps, images, bytes, metrics }),
      ...callbacks,
      {
        onEpoch: async (_, stop) => {
          await this.halting.agree();
          this.unreadable.report(progress);
          if (this.outOfPatience) stop();
        },
        onStop: () => this.unreadable.report(progress),
      },
    ];
  }

  private async train(batch: Batch, at: FitPosition) {
    const { engine } = this.parts;
    const rates = this.ratesAt(at);
    const { loss, outputs } = await engine.train(batch, {
      rates,
      update: at.step + 1,
      seed: (this.options.seed + at.step) | 0,
      halt: this.halting.request,
      unreadable: this.unreadable.untold,
    });
    this.halting.hear(Number(outputs.halt?.[0] ?? 0));
    await this.unreadable.hear(Number(outputs.unreadable?.[0] ?? 0));
    // With several processes, a step outputs the number of labels that its sums are over; it is 0 without a
    // step.
    const inAll = outputs.labeled && Number(outputs.labeled[0]);
    const { metrics, labeled: samples } = this.meter.add(outputs, batch, inAll);
    batch.release();
    const norm = outputs.gradient_norm ? { gradientNorm: Number(outputs.gradient_norm[0]) } : {};
    const named = Object.fromEntries(metricEntries(metrics));
    return { loss, samples, metrics: named, learningRate: rates.base, ...norm };
  }

  private async validate(at: FitPosition): Promise<ValidationResults | 'stopped'> {
    const { engine, data, progress, peers, standing, callbacks } = this.parts;
    progress.finish();
    await engine.shareBuffers();
    const { crop, epochs } = this.options;
    const { unreadable } = this;
    const set = { loader: data.val, images: data.valImages, crop, epoch: at.epoch + 1, epochs };
    try {
      const options = { engine, ...set, progress, peers, unreadable };
      const found = await validate(options, this.halting);
      const averaged =
        found && engine.averages && (await validate({ ...options, averaged: true }, this.halting));
      if (!found || averaged === null) return 'stopped';
      standing.validation = averaged ? { ...found, averaged } : found;
      return { ...resultsOf(found), ...(averaged && { averaged: resultsOf(averaged) }) };
    } catch (error) {
      // Keep the steps of the epoch even if its validation fails.
      for (const callback of callbacks) await Promise.resolve(callback.onStop?.(at)).catch(() => {});
      throw error;
    }
  }

  /** Schedules by step, like the reference's, count whole epochs of this run's number of batches. */
  private ratesAt({ epoch, stepInEpoch }: FitPosition): LearningRates {
    return this.options.rates(epoch, epoch * this.parts.data.train.batches + stepInEpoch);
  }
}

function resultsOf(found: Omit<Validation, 'averaged'>): Omit<ValidationResults, 'averaged'> {
  return { loss: found.loss, metrics: Object.fromEntries(metricEntries(found)), ...byClassIn(found) };
}
