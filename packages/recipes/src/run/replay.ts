/**
 * Repeats steps of a finished run, bit for bit, from the nearest checkpoint and with the run's kernels, data
 * order and seeds.
 */
import { join } from 'node:path';
import { BEST_FILE, latestRunMeta, listCheckpoints, readRunMeta } from '@inplace-abn/checkpoint';
import { type Device, UsageError } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import type { FitPosition } from '@inplace-abn/session';
import {
  kernelsOfCheckpoint,
  type RunData,
  readMetrics,
  type StepInputs,
  type StepResult,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import type { VisitInstruction } from '../engine/inspected.js';
import { learningRateOf } from '../engine/learning-rate.js';
import { initialStatesOf } from '../network/network.js';
import { taskOf } from '../tasks/registry.js';
import { withClassWeights, withPixelCounts } from './class-weights.js';
import { engineWith } from './engine-with.js';
import { namingKeys } from './naming-keys.js';
import { restoreRun } from './restore.js';

/** The run to replay, and its data. */
export interface ReplayOptions {
  /** The run's folder. Nothing is written there. */
  readonly run: string;
  /** The run's configuration, from `config.json` in the folder. */
  readonly config: TrainConfig;
  /** Folder with train/ and val/. */
  readonly data: string;
  /** Where the steps run; bits are equal to the run's on the same kind of CPU. */
  readonly device: Device;
  /** Images to load in parallel. */
  readonly workers: number;
  /** Limit for the pixels of an image, as in the run; default: the loader's. */
  readonly maxPixels?: number;
  /** The first step of interest, from 1; the replay begins at a checkpoint before it. */
  readonly step: number;
  /** Called with notes to print. */
  readonly note?: (text: string) => void;
}

/** A replay of a run of one process, at some step. */
export class Replay {
  private batches: AsyncIterator<Batch> | null = null;
  /** Batch of the next step, once it is loaded; a step that was stopped is repeated with it. */
  private loaded: Batch | null = null;

  private constructor(
    /** The network, with the run's states before the next step. */
    readonly engine: Engine,
    private readonly config: TrainConfig,
    private readonly data: RunData,
    private at: FitPosition,
    /** Losses that the run recorded, by step. */
    private readonly recorded: ReadonlyMap<number, number>,
  ) {}

  /**
   * Opens a run at the nearest checkpoint before `step`, or at its beginning.
   *
   * @throws UsageError if the data or the configuration are not the run's, with the code ERR_MEMORY if the
   * machine has too little memory; DataError for data that cannot be used; CheckpointError for a checkpoint
   * that cannot be read
   */
  static async open(options: ReplayOptions): Promise<Replay> {
    const { run, config, device, workers, maxPixels, step, note = () => {} } = options;
    const opened = await taskOf(config).openData(options.data, { workers, maxPixels });
    const soFar = (await latestRunMeta(join(run, 'checkpoints'))) ?? null;
    const data = await namingKeys(() => withPixelCounts(opened, config, { soFar, progress: { note } }));
    const path = await nearestCheckpoint(run, step);
    const kernels = await kernelsOfCheckpoint(path ?? join(run, 'config.json'));
    const engine = await engineWith(
      kernels,
      { device, config: withClassWeights(config, data), evaluationBatches: [] },
      { note },
    );
    engine.load(initialStatesOf(engine.network, config.network, config.seed));
    engine.beginAverages();
    let at: FitPosition = { epoch: 0, step: 0, stepInEpoch: 0 };
    if (path !== null) {
      const restored = await restoreRun({ engine, config, data, path, take: 'everything' });
      if (!restored.averages) engine.beginAverages();
      at = restored.position;
    }
    note(`replaying from ${path ?? 'the beginning of the run'}, step ${at.step}`);
    const records = await readMetrics(join(run, 'metrics.jsonl')).catch(() => []);
    const losses = records
      .filter(({ phase }) => phase === 'train')
      .map(({ step: made, loss }) => [made, loss] as const);
    return new Replay(engine, config, data, at, new Map(losses));
  }

  /** Number of completed steps. */
  get step(): number {
    return this.at.step;
  }

  /** The last step that the run recorded. */
  get lastRecorded(): number {
    let last = 0;
    for (const step of this.recorded.keys()) last = Math.max(last, step);
    return last;
  }

  /** Whether the run recorded the loss of this step. */
  hasRecorded(step: number): boolean {
    return this.recorded.has(step);
  }

  /** Makes the steps up to and including `step`. @throws as {@link next} does */
  async advance(step: number): Promise<StepResult | null> {
    let result: StepResult | null = null;
    while (this.at.step < step) result = await this.next();
    return result;
  }

  /**
   * Makes the next step.
   *
   * @throws NotFiniteError as the run did; UsageError, code ERR_NOT_THE_RUN, if its loss differs from the
   * recorded one, and ERR_NO_STEP if the run has no more steps; DataError for an image that cannot be read
   */
  async next(): Promise<StepResult> {
    const batch = await this.nextBatch();
    const result = await this.engine.train(batch, this.inputs);
    this.made(batch);
    const recorded = this.recorded.get(this.at.step);
    if (recorded === undefined || Object.is(recorded, result.loss)) return result;
    throw new UsageError(
      `step ${this.at.step} has loss ${result.loss} but the run recorded ${recorded}: the run started from other weights, or used ` +
        'other data, other kernels, another kind of CPU or several processes; replay a step after one of its checkpoints',
      { code: 'ERR_NOT_THE_RUN' },
    );
  }

  /**
   * Makes the next step, one instruction at a time. Compares no loss.
   *
   * @throws NotFiniteError as the run did, after the instructions up to the guard; UsageError, code
   * ERR_NO_STEP, if the run has no more steps; DataError for an image that cannot be read
   */
  async inspect(visit: VisitInstruction): Promise<void> {
    const batch = await this.nextBatch();
    await this.engine.inspect(batch, this.inputs, visit);
    this.made(batch);
  }

  /** Stops loading images. */
  async close(): Promise<void> {
    await this.batches?.return?.();
    this.batches = null;
  }

  private get inputs(): StepInputs {
    const { epoch, step, stepInEpoch } = this.at;
    const { optimizer, seed } = this.config;
    const { batches } = this.data.train;
    const rates = learningRateOf(optimizer, batches)(epoch, epoch * batches + stepInEpoch);
    return { rates, update: step + 1, seed: (seed + step) | 0 };
  }

  private made(batch: Batch): void {
    batch.release();
    this.loaded = null;
    const { epoch, step, stepInEpoch } = this.at;
    this.at = { epoch, step: step + 1, stepInEpoch: stepInEpoch + 1 };
  }

  private async nextBatch(): Promise<Batch> {
    if (this.loaded) return this.loaded;
    while (this.at.epoch < this.config.optimizer.schedule.epochs) {
      const { epoch, step, stepInEpoch } = this.at;
      this.batches ??= this.data.train.epoch(epoch, { startBatch: stepInEpoch })[Symbol.asyncIterator]();
      const next = await this.batches.next();
      if (!next.done) {
        this.loaded = next.value;
        return next.value;
      }
      this.batches = null;
      this.at = { epoch: epoch + 1, step, stepInEpoch: 0 };
    }
    throw new UsageError(`the run has ${this.at.step} steps: there are no later ones to replay`, {
      code: 'ERR_NO_STEP',
    });
  }
}

/**
 * The newest checkpoint of a run before `step`; null if there is none, to replay from the beginning.
 */
async function nearestCheckpoint(run: string, step: number): Promise<string | null> {
  const folder = join(run, 'checkpoints');
  const best = join(folder, BEST_FILE);
  const meta = await readRunMeta(best).catch(() => null);
  const files = [...(await listCheckpoints(folder)), ...(meta ? [{ path: best, step: meta.step }] : [])];
  const before = files.filter((file) => file.step < step).sort((a, b) => b.step - a.step);
  return before[0]?.path ?? null;
}
