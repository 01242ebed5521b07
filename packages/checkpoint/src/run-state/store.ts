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

export interface RunStateStoreOptions {
  /**
   * How many periodic checkpoints stay, and of those that were set aside; at least 1, default 2, so that a torn one leaves
   * another.
   */
  readonly keep?: number;
}

export interface SavedRunState {
  readonly path: string;
  /** Where the best state is, if this one is it. */
  readonly best?: string;
  /** Checkpoints that rotation removed, those that were set aside included. */
  readonly removed: readonly string[];
  /** New names of checkpoints of later steps: a run that was resumed from before them does not continue them. */
  readonly setAside: readonly string[];
}

/**
 * Keeps the checkpoints of one run in a folder: `checkpoint-STEP.safetensors`, the last few of them, and
 * `best.safetensors`. One process writes to a folder at a time; saves that overlap within it are done in turn.
 */
export class RunStateStore {
  private readonly keep: number;
  private pending: Promise<unknown> = Promise.resolve();

  constructor(
    readonly folder: string,
    { keep = 2 }: RunStateStoreOptions = {},
  ) {
    if (!Number.isInteger(keep) || keep < 1) {
      throw new CheckpointError(`The number of checkpoints to keep must be a whole number ≥ 1, not ${keep}.`);
    }
    this.keep = keep;
  }

  /**
   * Saves a state under its step, then removes the oldest checkpoints. The tensors must not change until the promise
   * resolves. If it fails, the checkpoints before it are still there.
   *
   * @param options.best also makes it `best.safetensors` (a hard link where the file system has them)
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
   * Gives `best.safetensors` the content of another of the folder's files.
   *
   * @throws CheckpointError naming the file
   */
  async makeBest(path: string): Promise<void> {
    await linkFileAtomic(path, join(this.folder, BEST_FILE));
  }

  /** Sets a `best.safetensors` aside that the run does not continue; one that was set aside before is replaced. */
  async setBestAside(): Promise<void> {
    await rename(join(this.folder, BEST_FILE), join(this.folder, SUPERSEDED_BEST_FILE));
  }

  /** Otherwise the newest step, not the newest training, would be resumed next. Renamed, so nothing is lost. */
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
