import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CheckpointError, codeOf } from '../errors.js';
import { BEST_FILE, describeFolder, listCheckpoints } from './folder.js';
import { loadRunState, type RunMeta, type RunState, readRunMeta } from './state.js';

/** A file that could not be used, and why. */
export interface RejectedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ResumedRunState {
  readonly state: RunState;
  /** The file that was loaded. */
  readonly path: string;
  /** Newer files that were passed over; empty if all is well. Tell the user about them. */
  readonly rejected: readonly RejectedFile[];
}

export interface ResumeOptions {
  /** What to do if the named file is not there: say what is (default), or take the newest one beside it. */
  readonly missing?: 'fail' | 'fallBack';
}

/**
 * Loads the newest whole checkpoint of a folder; the best state counts as the oldest.
 *
 * @throws CheckpointError if there is none, with the reason for each file
 */
export async function loadLatest(folder: string): Promise<ResumedRunState> {
  return loadNewest(folder, []);
}

/**
 * Loads what a user named: a file, or a folder of checkpoints. A file that is torn or damaged is passed over for the
 * newest whole one beside it.
 *
 * @throws CheckpointError naming the path and what its folder holds, or the reason for each file
 */
export async function resumeRunState(
  path: string,
  { missing = 'fail' }: ResumeOptions = {},
): Promise<ResumedRunState> {
  const kind = await kindOf(path);
  if (kind === 'folder') return loadLatest(path);
  if (kind === 'none') {
    const reason = 'there is no such file';
    if (missing === 'fail') {
      throw new CheckpointError(
        `Cannot resume from ${path}: ${reason}; ${await describeFolder(dirname(path))}.`,
      );
    }
    return loadNewest(dirname(path), [{ path, reason }]);
  }
  const loaded = await tryLoad(path);
  if ('state' in loaded) return { ...loaded, rejected: [] };
  return loadNewest(dirname(path), [loaded]);
}

/**
 * Reads the meta data of the state that {@link resumeRunState} would load, and no tensors; undefined where there is none.
 * A state that is torn behind its header counts as whole here.
 */
export async function latestRunMeta(path: string): Promise<RunMeta | undefined> {
  const isFolder = (await kindOf(path)) === 'folder';
  if (!isFolder && !path.endsWith('.safetensors')) return undefined;
  const folder = isFolder ? path : dirname(path);
  const paths = (await listCheckpoints(folder)).map((file) => file.path);
  for (const candidate of [...(isFolder ? [] : [path]), ...paths, join(folder, BEST_FILE)]) {
    const meta = await readRunMeta(candidate).catch((error: unknown) => {
      if (error instanceof CheckpointError || codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (meta) return meta;
  }
  return undefined;
}

async function loadNewest(folder: string, before: readonly RejectedFile[]): Promise<ResumedRunState> {
  const rejected = [...before];
  const paths = (await listCheckpoints(folder)).map((file) => file.path);
  const best = join(folder, BEST_FILE);
  if ((await kindOf(best)) === 'file') paths.push(best);
  for (const path of paths) {
    if (before.some((file) => resolve(file.path) === resolve(path))) continue;
    const loaded = await tryLoad(path);
    if ('state' in loaded) return { ...loaded, rejected };
    rejected.push(loaded);
  }
  if (rejected.length === 0) {
    throw new CheckpointError(`No checkpoint to resume from: ${await describeFolder(folder)}.`);
  }
  const reasons = rejected.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('');
  throw new CheckpointError(`No whole checkpoint to resume from in ${folder}:${reasons}`);
}

async function tryLoad(path: string): Promise<{ path: string; state: RunState } | RejectedFile> {
  try {
    return { path, state: await loadRunState(path) };
  } catch (error) {
    if (error instanceof CheckpointError) return { path, reason: error.message };
    throw error;
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'none'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return 'none';
    throw error;
  }
}
