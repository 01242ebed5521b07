/** Where a run begins: anew, from what the user named, or where the run in its folder stands. */
import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';
import type { Taking } from './restore.js';

export interface Beginning {
  /** What is restored; undefined: nothing. */
  readonly path: string | undefined;
  readonly take: Taking;
  /** The folder holds the run already, though perhaps nothing to resume from. */
  readonly inFolder: boolean;
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
}: {
  readonly logDir: string;
  readonly resume?: string;
  readonly take?: Taking;
  readonly continueRun?: boolean;
}): Promise<Beginning> {
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
