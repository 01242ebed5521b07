import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CheckpointError, codeOf } from '../errors.js';
import type { TensorStream } from '../tensor-stream.js';
import { BEST_FILE, describeFolder, listCheckpoints } from './folder.js';
import { loadRunState, openRunState, type RunMeta, type RunState, readRunMeta } from './state.js';

/** A file that could not be used, and the reason. */
export interface RejectedFile {
  /** The file that was skipped. */
  readonly path: string;
  /** The error that reading it gave. */
  readonly reason: string;
}

/** A run state that was read, and the file it came from. */
export interface ResumedRunState<S = RunState> {
  /** Metadata and tensors, or streams of them. */
  readonly state: S;
  /** The file that was loaded. */
  readonly path: string;
  /** Newer files that were skipped. Tell the user about them. */
  readonly rejected: readonly RejectedFile[];
}

/** Options of resuming from a folder of run states. */
export interface ResumeOptions {
  /** If the named file is missing: throw (default), or fall back to the newest one in its folder. */
  readonly missing?: 'fail' | 'fallBack';
}

/**
 * Loads the newest intact checkpoint of a folder; the best state counts as the oldest.
 *
 * @throws CheckpointError if there is none, with the reason for each file
 */
export async function loadLatest(folder: string): Promise<ResumedRunState> {
  return newest(folder, [], loadRunState);
}

/**
 * Loads a file, or the newest state in a folder, as named by the user. If the file is truncated or damaged,
 * loads the newest intact one in its folder instead.
 *
 * @throws CheckpointError naming the path and the contents of its folder, or the reason for each file
 */
export function resumeRunState(path: string, options: ResumeOptions = {}): Promise<ResumedRunState> {
  return resume(path, options, loadRunState);
}

/** Like resumeRunState, but checks every byte without loading the tensors; they are read on demand. */
export function openResumedState(
  path: string,
  options: ResumeOptions = {},
): Promise<ResumedRunState<RunState<TensorStream>>> {
  return resume(path, options, openRunState);
}

type Load<S> = (path: string) => Promise<S>;

async function resume<S>(
  path: string,
  { missing = 'fail' }: ResumeOptions,
  load: Load<S>,
): Promise<ResumedRunState<S>> {
  const kind = await kindOf(path);
  if (kind === 'folder') return newest(path, [], load);
  if (kind === 'none') {
    const reason = 'there is no such file';
    if (missing === 'fail') {
      throw new CheckpointError(
        `Cannot resume from ${path}: ${reason}; ${await describeFolder(dirname(path))}.`,
      );
    }
    return newest(dirname(path), [{ path, reason }], load);
  }
  const loaded = await tryLoad(path, load);
  if ('state' in loaded) return { ...loaded, rejected: [] };
  return newest(dirname(path), [loaded], load);
}

/**
 * Reads only the metadata of the state that {@link resumeRunState} would load; undefined if there is none.
 * Does not notice damage after the header.
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

async function newest<S>(
  folder: string,
  before: readonly RejectedFile[],
  load: Load<S>,
): Promise<ResumedRunState<S>> {
  const rejected = [...before];
  const paths = (await listCheckpoints(folder)).map((file) => file.path);
  const best = join(folder, BEST_FILE);
  if ((await kindOf(best)) === 'file') paths.push(best);
  for (const path of paths) {
    if (before.some((file) => resolve(file.path) === resolve(path))) continue;
    const loaded = await tryLoad(path, load);
    if ('state' in loaded) return { ...loaded, rejected };
    rejected.push(loaded);
  }
  if (rejected.length === 0) {
    throw new CheckpointError(`No checkpoint to resume from: ${await describeFolder(folder)}.`);
  }
  const reasons = rejected.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('');
  throw new CheckpointError(`No intact checkpoint to resume from in ${folder}:${reasons}`);
}

async function tryLoad<S>(path: string, load: Load<S>): Promise<{ path: string; state: S } | RejectedFile> {
  try {
    return { path, state: await load(path) };
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
