/**
 * Where a run begins: from scratch, from a checkpoint that the user named, or from the state in its folder.
 */
import { existsSync } from 'node:fs';
import { realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';

/** Folder of a run's states. */
export const CHECKPOINTS = 'checkpoints';

/**
 * The parts of a checkpoint to use. Anything less than everything starts at epoch 0 with a new optimizer.
 * `start`: the weights, and the classifier if it is for the same classes.
 */
export type Taking = 'everything' | 'start' | 'weights' | 'weights without classifier';

/** The checkpoint that a run begins with. */
export interface Found {
  /** The file that was loaded. */
  readonly path: string;
  /** Kind of the file. Only the run that wrote a training state can continue it exactly. */
  readonly kind: 'state' | 'torch' | 'weights';
}

/** Where a run begins. */
export interface Beginning {
  /** The checkpoint to restore, if any. */
  readonly path: string | undefined;
  /** The parts of it to use. */
  readonly take: Taking;
  /** True if the folder already holds the run, possibly without a checkpoint. */
  readonly inFolder: boolean;
}

export interface BeginningOptions {
  readonly logDir: string;
  readonly resume?: string;
  readonly take?: Taking;
  readonly continueRun?: boolean;
}

/**
 * With `continueRun` the same command starts a run and continues it after an interruption: from its newest
 * checkpoint, or from scratch if it has none.
 */
export async function beginningOf({
  logDir,
  resume,
  take = 'everything',
  continueRun = false,
}: Partial<BeginningOptions>): Promise<Beginning> {
  const given = { path: resume, take, inFolder: false };
  if (!continueRun || logDir === undefined) return given;
  const folder = join(logDir, CHECKPOINTS);
  const started = existsSync(join(logDir, 'config.json'));
  const saved = existsSync(folder) && (await listCheckpoints(folder)).length > 0;
  if (saved) return { path: folder, take: 'everything', inFolder: true };
  return { ...given, inFolder: started };
}

/** Removes the empty folder of a run that was interrupted while it created its folder. */
export async function removeEmpty(logDir: string): Promise<void> {
  await rmdir(join(logDir, CHECKPOINTS)).catch(() => {});
}

/**
 * Whether a restored run continues in `logDir`. Otherwise it starts there as a new run, which fails if the
 * folder holds one. Only a training state continues its own run: saving into another run's folder would
 * supersede that run's checkpoints.
 */
export async function continuesThere(
  logDir: string,
  { kind, path }: Found,
  inFolder: boolean,
): Promise<boolean> {
  const holdsRun = existsSync(join(logDir, 'config.json'));
  const own = await liesIn(logDir, path);
  // Continuing without a run is an error that the user should see.
  if (kind === 'state') return own || !holdsRun;
  return inFolder || (kind === 'torch' && own && holdsRun);
}

/** True if a file is one of a run folder's checkpoints. */
async function liesIn(logDir: string, path: string): Promise<boolean> {
  const real = (folder: string) => realpath(folder).catch(() => undefined);
  const [at, run, checkpoints] = await Promise.all(
    [dirname(path), logDir, join(logDir, CHECKPOINTS)].map(real),
  );
  return at !== undefined && (at === run || at === checkpoints);
}
