/** Where a run begins: anew, from what the user named, or where the run in its folder stands. */
import { existsSync } from 'node:fs';
import { realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';

/** What a run takes from a checkpoint: with less than everything it starts at epoch 0 with a new optimizer. */
export type Taking = 'everything' | 'weights' | 'weights without classifier';

/** A checkpoint that a run begins with. */
export interface Found {
  /** The file that was loaded. */
  readonly path: string;
  /** What it was: only the run that wrote a training state can be continued exactly. */
  readonly kind: 'state' | 'torch' | 'weights';
}

export interface Beginning {
  /** What is restored; undefined: nothing. */
  readonly path: string | undefined;
  readonly take: Taking;
  /** The folder holds the run already, though perhaps nothing to resume from. */
  readonly inFolder: boolean;
}

export interface BeginningOptions {
  readonly logDir: string;
  readonly resume?: string;
  readonly take?: Taking;
  readonly continueRun?: boolean;
}

/**
 * With `continueRun` the same command starts a run and, whenever it was cut off, continues it: from its newest checkpoint,
 * or anew where it had not come to one.
 */
export async function beginningOf({
  logDir,
  resume,
  take = 'everything',
  continueRun = false,
}: BeginningOptions): Promise<Beginning> {
  const given = { path: resume, take, inFolder: false };
  if (!continueRun) return given;
  const folder = join(logDir, 'checkpoints');
  const started = existsSync(join(logDir, 'config.json'));
  const saved = existsSync(folder) && (await listCheckpoints(folder)).length > 0;
  if (saved) return { path: folder, take: 'everything', inFolder: true };
  if (started) return { ...given, inFolder: true };
  // Cut off while it made its folder: an empty one is no run.
  await rmdir(folder).catch(() => {});
  return given;
}

/**
 * Whether a run that was restored goes on in `logDir`; otherwise it starts there, which a folder with a run in it
 * refuses. A training state continues its own run alone: saving in another's folder would supersede that one's checkpoints.
 */
export async function continuesThere(
  logDir: string,
  { kind, path }: Found,
  inFolder: boolean,
): Promise<boolean> {
  const holdsRun = existsSync(join(logDir, 'config.json'));
  const own = await liesIn(logDir, path);
  // Where there is no run, who wants to continue one is told so.
  if (kind === 'state') return own || !holdsRun;
  return inFolder || (kind === 'torch' && own && holdsRun);
}

/** Whether a file is one of a run folder's checkpoints. */
async function liesIn(logDir: string, path: string): Promise<boolean> {
  const real = (folder: string) => realpath(folder).catch(() => undefined);
  const [at, run, checkpoints] = await Promise.all(
    [dirname(path), logDir, join(logDir, 'checkpoints')].map(real),
  );
  return at !== undefined && (at === run || at === checkpoints);
}
