import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { linkFileAtomic, removeStaleTemporaries } from '../files/atomic.js';
import { BEST_FILE, checkpointFile, listCheckpoints } from './folder.js';
import { type RunState, saveRunState } from './state.js';

/** Age at which a temporary file in the folder is taken for the remains of a killed process. */
const STALE_MS = 10 * 60 * 1000;

export interface RunStateStoreOptions {
  /** How many periodic checkpoints stay; at least 1, default 2, so that a torn one leaves another. */
  readonly keep?: number;
}

export interface SavedRunState {
  readonly path: string;
  /** Where the best state is, if this one is it. */
  readonly best?: string;
  /** Checkpoints that rotation removed. */
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
   * Saves a state under its step, then removes the oldest checkpoints. The arrays must not change until the promise
   * resolves. If it fails, the checkpoints before it are still there.
   *
   * @param options.best also makes it `best.safetensors` (a hard link where the file system has them)
   * @throws CheckpointError naming the file
   */
  async save(state: RunState, { best = false }: { best?: boolean } = {}): Promise<SavedRunState> {
    const turn = this.pending.then(() => this.saveNow(state, best));
    this.pending = turn.catch(() => undefined);
    return turn;
  }

  private async saveNow(state: RunState, best: boolean): Promise<SavedRunState> {
    const { path, step } = checkpointFile(this.folder, state.meta.step);
    await mkdir(this.folder, { recursive: true });
    await removeStaleTemporaries(this.folder, STALE_MS);
    const setAside = await this.setAsideAfter(step);
    await saveRunState(path, state);
    const bestPath = join(this.folder, BEST_FILE);
    if (best) await linkFileAtomic(path, bestPath);
    const removed: string[] = [];
    for (const old of (await listCheckpoints(this.folder)).slice(this.keep)) {
      await rm(old.path, { force: true });
      removed.push(old.path);
    }
    return { path, best: best ? bestPath : undefined, removed, setAside };
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
