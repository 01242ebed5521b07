import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { linkFileAtomic, removeStaleTemporaries, STALE_MS } from '../files/atomic.js';
import type { TensorContent } from '../tensor-stream.js';
import {
  BEST_FILE,
  checkpointFile,
  listCheckpoints,
  listSuperseded,
  SUPERSEDED_BEST_FILE,
} from './folder.js';
import { type RunState, saveRunState } from './state.js';

/** Options of a {@link RunStateStore}. */
export interface RunStateStoreOptions {
  /**
   * Number of periodic checkpoints to keep, and of superseded ones. At least 1. With the default of 2, one
   * remains if the last is truncated.
   */
  readonly keep?: number;
}

/** The files that a save wrote. */
export interface SavedRunState {
  /** The new checkpoint. */
  readonly path: string;
  /** Path of the best state, if this save is the best. */
  readonly best?: string;
  /** Checkpoints removed by rotation, superseded ones included. */
  readonly removed: readonly string[];
  /**
   * New names of checkpoints from later steps. The run was resumed from an earlier step and no longer
   * continues them.
   */
  readonly setAside: readonly string[];
}

/**
 * Keeps the checkpoints of one run in a folder: the last few `checkpoint-STEP.safetensors`, and
 * `best.safetensors`. Only one process may write to a folder at a time; overlapping saves within it run one
 * after another.
 */
export class RunStateStore {
  private readonly keep: number;
  private pending: Promise<unknown> = Promise.resolve();

  /** @throws CheckpointError unless `keep` is an integer of at least 1 */
  constructor(
    /** Created by the first save. */
    readonly folder: string,
    { keep = 2 }: RunStateStoreOptions = {},
  ) {
    if (!Number.isInteger(keep) || keep < 1) {
      throw new CheckpointError(`The number of checkpoints to keep must be an integer ≥ 1, not ${keep}.`);
    }
    this.keep = keep;
  }

  /**
   * Saves a state under its step, then removes the oldest checkpoints. The tensors must not change until the
   * promise resolves. If saving fails, the earlier checkpoints are still there.
   *
   * `best` also makes it `best.safetensors` (a hard link if the file system has them).
   *
   * @throws CheckpointError naming the file
   */
  async save(
    state: RunState<TensorContent>,
    { best = false }: { best?: boolean } = {},
  ): Promise<SavedRunState> {
    const turn = this.pending.then(() => this.saveNow(state, best));
    this.pending = turn.catch(() => undefined);
    return turn;
  }

  private async saveNow(state: RunState<TensorContent>, best: boolean): Promise<SavedRunState> {
    const { path, step } = checkpointFile(this.folder, state.meta.step);
    await mkdir(this.folder, { recursive: true });
    await removeStaleTemporaries(this.folder, STALE_MS);
    const setAside = await this.setAsideAfter(step);
    await saveRunState(path, state);
    const bestPath = join(this.folder, BEST_FILE);
    if (best) await linkFileAtomic(path, bestPath);
    const removed: string[] = [];
    const kept = (await listCheckpoints(this.folder)).map((file) => file.path);
    for (const paths of [kept, await listSuperseded(this.folder)]) {
      for (const old of paths.slice(this.keep)) {
        await rm(old, { force: true });
        removed.push(old);
      }
    }
    return { path, best: best ? bestPath : undefined, removed, setAside };
  }

  /**
   * Makes another file of the folder `best.safetensors`.
   *
   * @throws CheckpointError naming the file
   */
  async makeBest(path: string): Promise<void> {
    await linkFileAtomic(path, join(this.folder, BEST_FILE));
  }

  /**
   * Renames a `best.safetensors` from steps that the run has abandoned; replaces one set aside earlier.
   * Rejects with the file system's error if there is none.
   */
  async setBestAside(): Promise<void> {
    await rename(join(this.folder, BEST_FILE), join(this.folder, SUPERSEDED_BEST_FILE));
  }

  /**
   * Resuming picks the newest step, so checkpoints of an abandoned future must go. Renaming them loses
   * nothing.
   */
  private async setAsideAfter(step: number): Promise<string[]> {
    const renamed: string[] = [];
    for (const later of await listCheckpoints(this.folder)) {
      if (later.step <= step) break;
      const target = freeName(later.path.replace(/\.safetensors$/, '.superseded'));
      await rename(later.path, target);
      renamed.push(target);
    }
    return renamed;
  }
}

function freeName(stem: string): string {
  let name = `${stem}.safetensors`;
  for (let n = 2; existsSync(name); n++) name = `${stem}-${n}.safetensors`;
  return name;
}
