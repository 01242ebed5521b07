/** What a run leaves in its folder: metrics, events, checkpoints, the report. Of several processes the first writes it. */
import { linkFileAtomic, type RunState, RunStateStore, type TensorContent } from '@inplace-abn/checkpoint';
import type { SkippedImage } from '@inplace-abn/data';
import type { Engine } from '../engine/engine.js';
import { ALONE } from '../parallel/peers.js';
import type { RunLock } from '../run-folder/lock/run-lock.js';
import { type MetricRecord, scalarsOf } from '../run-folder/metrics-log.js';
import type { RunFolder } from '../run-folder/run-folder.js';
import type { Metrics } from '../task/metrics.js';
import type { RunData } from './data.js';
import { writeHistograms } from './histograms.js';
import { writeResults } from './results.js';
import { captureState, layoutOf, type Position } from './state.js';
import { torchCheckpointOf, writeTorchCheckpoint } from './torch-checkpoint.js';
import type { LoopOptions } from './training-run.js';
import { skippedInAll } from './unreadable.js';
import { lastValidation, type Validation } from './validate.js';

/** A training step that was just made. */
export interface StepRecord {
  readonly loss: number;
  readonly metrics: Metrics;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly waitShare: number;
}

export interface Recorder {
  /** The newest validation of the run; null where there is none, or this process keeps none. */
  lastValidation(): Promise<Validation | null>;
  step(position: Position, record: StepRecord): void;
  validation(position: Position, epoch: number, validation: Validation): void;
  /** In the middle of an epoch: what an exact resume needs. */
  saveStep(position: Position): Promise<void>;
  /** After an epoch: the same, and the files that PyTorch continues from. */
  saveEpoch(position: Position, better: boolean): Promise<void>;
  results(position: Position, validation: Validation | null, seconds: number): Promise<void>;
}

/** The other processes. */
export const SILENT: Recorder = {
  lastValidation: async () => null,
  step: () => {},
  validation: () => {},
  saveStep: async () => {},
  saveEpoch: async () => {},
  results: async () => {},
};

export class FolderRecorder implements Recorder {
  private readonly checkpoints: RunStateStore;

  constructor(
    private readonly options: LoopOptions,
    private readonly engine: Engine,
    private readonly data: RunData,
    private readonly folder: RunFolder,
    private readonly lock: Pick<RunLock, 'check'>,
    /** Images that the run skipped before it was resumed. */
    private readonly skippedBefore: readonly SkippedImage[] = [],
  ) {
    this.checkpoints = new RunStateStore(folder.checkpointsPath);
    if (folder.stands) this.addEvents(folder.stands);
  }

  lastValidation(): Promise<Validation | null> {
    return lastValidation(this.folder.metricsPath, this.engine.task.metrics, this.data.valImages);
  }

  step({ epoch, step }: Position, record: StepRecord): void {
    const { loss, metrics, learningRate, imagesPerSecond, waitShare } = record;
    const place = { phase: 'train', epoch: epoch + 1, step } as const;
    const time = Date.now() / 1000;
    this.add({ ...place, loss, ...metrics, learningRate, imagesPerSecond, waitShare, time });
  }

  validation({ step }: Position, epoch: number, { loss, images: _, ...metrics }: Validation): void {
    this.add({ phase: 'val', epoch, step, loss, ...metrics, time: Date.now() / 1000 });
  }

  async saveStep(position: Position): Promise<void> {
    await this.lock.check();
    await this.checkpoints.save(this.capture(position));
  }

  async saveEpoch(position: Position, better: boolean): Promise<void> {
    await this.lock.check();
    const { engine, data, folder } = this;
    const state = this.capture(position);
    await this.checkpoints.save(state, { best: better });
    const checkpoint = torchCheckpointOf(state, engine, this.options.config, data.train.batches);
    await writeTorchCheckpoint(folder.torchPath, checkpoint);
    if (better) await linkFileAtomic(folder.torchPath, folder.torchBestPath);
  }

  async results(position: Position, validation: Validation | null, seconds: number): Promise<void> {
    const { engine, folder, data } = this;
    const { config, versions, command, peers = ALONE } = this.options;
    const origin = { data: this.options.data, command, processes: peers.size };
    const reached = { validation, position, seconds, profile: this.options.profile?.() ?? undefined };
    await writeResults({ config, versions, engine, folder, data, origin, skipped: this.skipped, ...reached });
  }

  private get skipped(): SkippedImage[] {
    return skippedInAll(this.skippedBefore, [this.data.train, this.data.val]);
  }

  private add(record: MetricRecord): void {
    this.folder.metrics.add(record);
    this.addEvents(record);
  }

  /** Of a step that was just made, or restored: histograms are of the engine's parameters. */
  private addEvents(record: MetricRecord): void {
    const { engine, folder, options } = this;
    const { phase, step } = record;
    folder.events.scalars(step, scalarsOf(record));
    if (phase === 'train' && options.histograms && step % 10 === 0)
      writeHistograms(folder.events, engine.store, engine.task.watched, step);
  }

  private capture(position: Position): RunState<TensorContent> {
    const { config, versions } = this.options;
    const layout = layoutOf(config, this.data);
    const { skipped } = this;
    const about = { layout, versions: { node: versions.node, ...versions.packages }, skipped };
    return captureState(this.engine, position, config, about);
  }
}
