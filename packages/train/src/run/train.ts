/** A training run from configuration and image folder to a finished run folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '@inplace-abn/core';
import { Engine } from '../engine/engine.js';
import { Progress, type ProgressStream } from '../progress/progress.js';
import { RunFolder } from '../run-folder/run-folder.js';
import { initialStateOf } from '../step/network.js';
import { taskOf } from '../task/registry.js';
import { evaluationBatches } from './data.js';
import { restoreRun, type Taking } from './restore.js';
import { type Position, START } from './state.js';
import { StopRequest } from './stop.js';
import { type LoopOptions, type RunParts, TrainingRun, type TrainOutcome } from './training-run.js';

export interface TrainOptions extends LoopOptions {
  /** Folder with train/ and val/. */
  readonly data: string;
  readonly logDir: string;
  readonly device: Device;
  readonly workers: number;
  readonly printFreq: number;
  /** Checkpoint file (.pth.tar, .pth or .safetensors), or folder of checkpoints, to continue from. */
  readonly resume?: string;
  /** What to take from it; default everything. */
  readonly take?: Taking;
  readonly stream?: ProgressStream;
}

/** Trains, or continues to train. Resolves when the run is complete or, after a signal, saved. */
export async function train(options: TrainOptions): Promise<TrainOutcome> {
  const progress = new Progress({ printFreq: options.printFreq, stream: options.stream });
  const data = await taskOf(options.config).openData(options.data, options.workers);
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
