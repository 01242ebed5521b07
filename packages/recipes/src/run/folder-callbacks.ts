/** Callbacks that write a run's folder: metrics, events, checkpoints, the report. Only rank 0 writes. */
import { linkFileAtomic, type RunState, RunStateStore, type TensorContent } from '@inplace-abn/checkpoint';
import type { SkippedImage } from '@inplace-abn/data';
import type { FitStep } from '@inplace-abn/session';
import {
  ALONE,
  type Peers,
  type ProfileReport,
  RecordMetrics,
  type RunCallback,
  type RunData,
  type RunFolder,
  type RunLock,
  type Standing,
  type StepClock,
  scalarsOf,
  skippedInAll,
  type Versions,
  writeHistograms,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { writeAverages } from './averages.js';
import { writeResults } from './results.js';
import { captureState, layoutOf } from './state.js';
import { torchCheckpointOf, writeTorchCheckpoint } from './torch-checkpoint.js';

/** Contents of the files, and which of them are written. */
export interface RecordOptions {
  /** Configuration of the run, written to `config.json`. */
  readonly config: TrainConfig;
  /** Machine and packages, written to `versions.json`. */
  readonly versions: Versions;
  /** Folder with train/ and val/. */
  readonly data: string;
  /** The command line, for the report. */
  readonly command?: string;
  /** The processes that train together; default: this one alone. */
  readonly peers?: Peers;
  /** Also save every this many steps; 0, the default: after epochs only. */
  readonly saveEvery?: number;
  /** TensorBoard histograms of the classifier's and the last normalization's parameters every 10 steps. */
  readonly histograms?: boolean;
  /** The report's breakdown of step time. */
  readonly profile?: () => ProfileReport | null;
}

export interface RecordedRun {
  readonly engine: Engine;
  readonly data: RunData;
  readonly folder: RunFolder;
  readonly lock: Pick<RunLock, 'check'>;
  readonly standing: Standing;
  readonly clock: StepClock;
  /** Images that the run skipped before it was resumed. */
  readonly skipped: readonly SkippedImage[];
}

export function folderCallbacks(options: RecordOptions, run: RecordedRun): RunCallback[] {
  const { folder, clock } = run;
  const histograms = histogramsOf(options, run);
  const { stands } = folder;
  if (stands) {
    folder.events.scalars(stands.step, scalarsOf(stands));
    if (stands.phase === 'train') histograms(stands.step);
  }
  return [
    new RecordMetrics(folder, clock),
    { onStep: ({ step }) => histograms(step + 1) },
    new SaveCheckpoints(options, run),
    reportOf(options, run),
  ];
}

/** Returns a function that writes the histograms after a step, made or restored. */
function histogramsOf(
  { histograms }: RecordOptions,
  { engine, folder }: RecordedRun,
): (step: number) => void {
  return (step) => {
    if (histograms && step % 10 === 0)
      writeHistograms(folder.events, engine.store, engine.task.watched, step);
  };
}

/** Saves the states to resume from and, after an epoch, the files that PyTorch can continue from. */
class SaveCheckpoints implements RunCallback {
  private readonly checkpoints: RunStateStore;
  /** The step that was saved last. */
  private saved = -1;

  constructor(
    private readonly options: RecordOptions,
    private readonly run: RecordedRun,
  ) {
    this.checkpoints = new RunStateStore(run.folder.checkpointsPath);
  }

  async onStep({ step }: FitStep): Promise<void> {
    const { saveEvery = 0 } = this.options;
    if (saveEvery > 0 && (step + 1) % saveEvery === 0) await this.save();
  }

  async onStop(): Promise<void> {
    if (this.saved !== this.run.standing.position.step) await this.save();
  }

  private async save(): Promise<void> {
    const { lock, standing } = this.run;
    await lock.check();
    await this.checkpoints.save(captured(this.options, this.run));
    this.saved = standing.position.step;
  }

  async onEpoch(): Promise<void> {
    const { engine, data, folder, lock, standing } = this.run;
    await lock.check();
    const { better } = standing;
    const state = captured(this.options, this.run);
    await this.checkpoints.save(state, { best: better });
    await writeTorchCheckpoint(
      folder.torchPath,
      torchCheckpointOf(state, engine, this.options.config, data.train.batches),
    );
    if (better) await linkFileAtomic(folder.torchPath, folder.torchBestPath);
    if (better) await writeAverages(folder.averagedPath, state);
  }
}

function captured({ config, versions }: RecordOptions, run: RecordedRun): RunState<TensorContent> {
  const { engine, data, standing } = run;
  const about = {
    layout: layoutOf(config, data),
    versions: { node: versions.node, ...versions.packages },
    skipped: skippedOf(run),
    labels: data,
  };
  return captureState(engine, standing.position, config, about);
}

function skippedOf({ skipped, data }: RecordedRun): SkippedImage[] {
  return skippedInAll(skipped, [data.train, data.val]);
}

/** summary.json and report.html, at the end. */
function reportOf(options: RecordOptions, run: RecordedRun): RunCallback {
  const started = Date.now();
  const { config, versions, data: path, command, peers = ALONE, profile } = options;
  return {
    async onEnd() {
      const { engine, folder, data, standing } = run;
      const { position, validation } = standing;
      const origin = { data: path, command, processes: peers.size };
      const seconds = (Date.now() - started) / 1000;
      const reached = { validation, position, seconds, profile: profile?.() ?? undefined };
      const skipped = skippedOf(run);
      await writeResults({ config, versions, engine, folder, data, origin, skipped, ...reached });
    },
  };
}
