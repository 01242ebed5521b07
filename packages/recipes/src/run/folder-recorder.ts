/** Records a run in its folder: metrics, events, checkpoints, the report. Of several processes the first writes it. */
import { linkFileAtomic, type RunState, RunStateStore, type TensorContent } from '@inplace-abn/checkpoint';
import type { SkippedImage } from '@inplace-abn/data';
import {
  ALONE,
  lastValidation,
  type MetricRecord,
  type Peers,
  type Position,
  type ProfileReport,
  type Recorder,
  type RunData,
  type RunFolder,
  type RunLock,
  type StepRecord,
  scalarsOf,
  skippedInAll,
  type Validation,
  type Versions,
  writeHistograms,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { writeResults } from './results.js';
import { captureState, layoutOf } from './state.js';
import { torchCheckpointOf, writeTorchCheckpoint } from './torch-checkpoint.js';

/** What the files say of a run, and which of them are written. */
export interface RecordOptions {
  readonly config: TrainConfig;
  readonly versions: Versions;
  /** Folder with train/ and val/. */
  readonly data: string;
  /** The command line, for the report. */
  readonly command?: string;
  /** The processes that train together; default: this one alone. */
  readonly peers?: Peers;
  /** TensorBoard histograms of the classifier's and the last normalisation's parameters every 10 steps. */
  readonly histograms?: boolean;
  /** What the report says of where the steps' time went. */
  readonly profile?: () => ProfileReport | null;
}

export class FolderRecorder implements Recorder {
  private readonly checkpoints: RunStateStore;

  constructor(
    private readonly options: RecordOptions,
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
    const { skipped, data } = this;
    const about = {
      layout,
      versions: { node: versions.node, ...versions.packages },
      skipped,
      classes: data.classes,
    };
    return captureState(this.engine, position, config, about);
  }
}
