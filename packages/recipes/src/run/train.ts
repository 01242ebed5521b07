/** A training run from configuration and image folder to a finished run folder. */
import type { SignalSource } from '@inplace-abn/cli';
import type { Device, PriceList } from '@inplace-abn/core';
import type { SkippedImage } from '@inplace-abn/data';
import type { NormMode } from '@inplace-abn/interop';
import {
  ALONE,
  beginningOf,
  type ContinueWith,
  changedKernels,
  checkSameStep,
  closingLines,
  continuesThere,
  kernelsSoFar,
  type LoopOptions,
  lastValidation,
  metaSoFar,
  type Peers,
  type Position,
  type Progress,
  type ProgressStream,
  progressOf,
  type RunData,
  RunFolder,
  type RunKernels,
  RunLock,
  removeEmpty,
  type SkipReason,
  START,
  Standing,
  StepClock,
  StopRequest,
  type Taking,
  TrainingRun,
  type TrainOutcome,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { evaluationBatches } from '../data/loaders.js';
import type { Engine } from '../engine/engine.js';
import { learningRateOf } from '../engine/learning-rate.js';
import { initialStatesOf } from '../network/network.js';
import { taskOf } from '../tasks/registry.js';
import { withClassWeights, withPixelCounts } from './class-weights.js';
import { configNotes } from './config-notes.js';
import { engineWith } from './engine-with.js';
import { folderCallbacks, type RecordOptions } from './folder-callbacks.js';
import { mendFiles } from './mend.js';
import { namingKeys } from './naming-keys.js';
import { restoreRun } from './restore.js';
import { atAge } from './time-limit.js';

/** Options of a training run. */
export interface TrainOptions extends RecordOptions, Pick<LoopOptions, 'maxSteps'> {
  /** Run folder. */
  readonly logDir: string;
  /** Where the network trains. */
  readonly device: Device;
  /** Images to load in parallel. */
  readonly workers: number;
  /** Limit for the pixels of an image; default: the loader's, which depends on the crop. */
  readonly maxPixels?: number;
  /** Steps between progress lines if the output is not a terminal. */
  readonly printFreq: number;
  /** Checkpoint file (.pth.tar, .pth or .safetensors), or folder of checkpoints, to continue from. */
  readonly resume?: string;
  /** Parts to restore from it; default everything. */
  readonly take?: Taking;
  /** The batch norm that its weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
  /**
   * Whether to continue the run in `logDir` if there is one. `resume` then only applies to a new run.
   */
  readonly continueRun?: boolean;
  /** Measured times of instructions, to choose by seconds what a memory budget recomputes. */
  readonly prices?: PriceList;
  /** Formats why an image was skipped; default: its own reason. */
  readonly skipReason?: SkipReason;
  /** How to continue a stopped run, for its last line; default: names the checkpoints. */
  readonly continueWith?: ContinueWith;
  /** Where progress is printed; default: standard output. */
  readonly stream?: ProgressStream;
  /** The source of signals; default: the process. */
  readonly signals?: SignalSource;
  /** Called with the engine before the first step. */
  readonly onEngine?: (engine: Engine) => void;
}

interface Setting {
  readonly data: RunData;
  readonly engine: Engine;
  readonly progress: Progress;
  /** Kernels of the resumed run, read from its folder before the engine was created. */
  readonly kernels: RunKernels | null;
}

/**
 * Trains, or continues a run. Resolves when the run is complete or, after a signal, saved. With several
 * processes all call this; rank 0 reads checkpoints and writes the run folder.
 *
 * @throws UsageError, CheckpointError or DataError for weights or data that do not fit; UsageError, code
 * ERR_MEMORY, if the machine has too little memory; BudgetError (ERR_BUDGET) if no plan fits `memory_budget`;
 * RunFolderError for a folder with another run, RunLockedError for one that another process writes;
 * UnreadableLimitError if more images are unreadable than may be skipped; NotFiniteError before the update of
 * a step whose loss is not finite; CommError if a process is lost
 */
export async function train(options: TrainOptions): Promise<TrainOutcome> {
  const { config, device, workers, maxPixels, prices, peers = ALONE } = options;
  const progress = progressOf(options, peers);
  const opened = await taskOf(config).openData(options.data, { workers, maxPixels, share: peers });
  for (const note of opened.notes) progress.note(note);
  const soFar = peers.rank === 0 ? await metaSoFar(options) : null;
  const data = await namingKeys(() => withPixelCounts(opened, config, { soFar, peers, progress }));
  const evaluated = evaluationBatches(data.valImages, config.optimizer.batch_size, peers);
  const kernels = await peers.fromFirst(peers.rank === 0 ? await kernelsSoFar(options) : null);
  const known = withClassWeights(config, data);
  const engine = await engineWith(
    kernels,
    { device, config: known, evaluationBatches: evaluated, peers, loading: { workers, maxPixels }, prices },
    progress,
  );
  options.onEngine?.(engine);
  await checkSameStep(peers, engine.plan.graph, data);
  engine.load(initialStatesOf(engine.network, config.network, config.seed));
  engine.beginAverages();
  if (config.network.bn_mode === 'sync' && peers.size === 1 && config.deterministic_world === 0) {
    progress.note('bn_mode sync: no process group, so statistics are those of this process, as with inplace');
  }
  for (const note of configNotes(config, data.train.batches)) progress.note(note);
  const stop = new StopRequest(
    (signal) => progress.note(`${signal}: finishing this step and saving; repeat to kill`),
    options.signals,
  );
  const unlimit = limitTime(config, peers, stop, progress);
  try {
    return await namingKeys(() => runLocked(options, { data, engine, progress, kernels }, stop, peers));
  } finally {
    unlimit();
    stop.dispose();
  }
}

/**
 * Stops the run like SIGTERM when the time of its process is up; rank 0 keeps it for all processes.
 *
 * @returns a function that cancels this
 */
function limitTime(
  { control }: TrainConfig,
  { rank }: Peers,
  stop: StopRequest,
  progress: Progress,
): () => void {
  if (rank > 0 || control.time_limit < 0) return () => {};
  return atAge(control.time_limit, () => {
    if (stop.requested) return;
    progress.note('control.time_limit is reached: finishing this step and saving');
    stop.request('SIGTERM');
  });
}

/** Locks the run folder before it is read, so that no other process changes it afterwards. */
async function runLocked(
  options: TrainOptions,
  setting: Setting,
  stop: StopRequest,
  peers: Peers,
): Promise<TrainOutcome> {
  const waiting = {
    note: (text: string) => setting.progress.note(text),
    canceled: () => stop.requested !== null,
  };
  const lock = peers.rank === 0 ? await RunLock.acquire(options.logDir, waiting) : null;
  try {
    return await runFolder(options, setting, stop, peers, lock);
  } finally {
    lock?.release();
  }
}

async function runFolder(
  options: TrainOptions,
  setting: Setting,
  stop: StopRequest,
  peers: Peers,
  lock: RunLock | null,
): Promise<TrainOutcome> {
  const { engine, data, progress } = setting;
  const opened = lock && (await openFolder(options, setting));
  const position = await peers.fromFirst(opened?.position ?? null);
  await engine.shareStates();
  const skipped = opened?.skipped ?? [];
  const { criterion, metrics } = engine.task;
  try {
    const validation = opened && (await lastValidation(opened.folder.metricsPath, metrics, data.valImages));
    const standing = new Standing(position, criterion, validation, options.config.control.min_delta);
    const clock = new StepClock();
    const callbacks =
      lock && opened
        ? folderCallbacks(options, { engine, data, folder: opened.folder, lock, standing, clock, skipped })
        : [];
    const { epochs } = options.config.optimizer.schedule;
    if (position.epoch >= epochs) {
      progress.note(
        epochs === 0
          ? 'optimizer.schedule.epochs is 0: nothing is trained'
          : `this run is complete: ${position.epoch} of ${epochs} epochs are trained; for more, raise optimizer.schedule.epochs`,
      );
    }
    const { skipReason } = options;
    const parts = { data, engine, progress, standing, clock, callbacks, stop, peers, skipped, skipReason };
    const outcome = await new TrainingRun(loopOf(options, data.train.batches), parts).run();
    if (outcome.early) {
      const { patience } = options.config.control;
      progress.note(`ended after epoch ${standing.position.epoch}: no better result for ${patience} epochs`);
    }
    if (opened) {
      const { stopped } = outcome;
      const { folder } = opened;
      const lines = await closingLines(folder, criterion, standing.position, stopped, options.continueWith);
      for (const line of lines) progress.note(line);
    }
    return outcome;
  } finally {
    opened?.folder.close();
  }
}

function loopOf({ config, maxSteps }: TrainOptions, batches: number): LoopOptions {
  const { optimizer, input, control, seed } = config;
  return {
    epochs: optimizer.schedule.epochs,
    batchSize: optimizer.batch_size,
    seed,
    crop: input.crop_val,
    rates: learningRateOf(optimizer, batches),
    patience: control.patience,
    maxSteps,
  };
}

interface OpenedRun {
  readonly folder: RunFolder;
  readonly position: Position;
  /** Images that the run skipped so far. */
  readonly skipped: readonly SkippedImage[];
}

async function openFolder(
  options: TrainOptions,
  { engine, data, progress, kernels }: Setting,
): Promise<OpenedRun> {
  const { config, versions, logDir } = options;
  const about = { config, versions, kernels: engine.kernels };
  const { path: resume, take, inFolder } = await beginningOf(options);
  if (options.continueRun && !inFolder) await removeEmpty(logDir);
  const open = async (position: Position, exists: boolean) => {
    const folder = await (exists
      ? RunFolder.resume(logDir, position, about)
      : RunFolder.create(logDir, about));
    await folder.sweep();
    if (!exists) return folder;
    const { batches } = data.train;
    for (const note of await mendFiles({ folder, engine, config, batches, position })) progress.note(note);
    return folder;
  };
  if (resume === undefined) {
    return { folder: await open(START, inFolder), position: START, skipped: [] };
  }
  const changed = changedKernels(kernels, await kernelsSoFar(options), engine.kernels.names);
  if (changed) progress.note(changed);
  const { trainedWith } = options;
  const restored = await restoreRun({ engine, config, data, path: resume, take, trainedWith });
  const { position, path, kind, skipped, notes } = restored;
  for (const note of notes) progress.note(note);
  const folder = await open(position, await continuesThere(logDir, restored, inFolder));
  if (!restored.averages) engine.beginAverages();
  if (kind === 'weights') return { folder, position, skipped };
  for (const change of folder.changes) progress.note(`configuration changed since the run began: ${change}`);
  progress.note(`resuming from ${path}: epoch ${position.epoch}, step ${position.step}`);
  return { folder, position, skipped };
}
