import { loadNative } from '@inplace-abn/core';
import { CommError } from '../errors.js';
import { LAUNCHER_PID } from './launch.js';

/** How many processes {@link launch} started together with this one; null where it did not start it. */
export function launchedProcesses(env: NodeJS.ProcessEnv = process.env): number | null {
  return env[LAUNCHER_PID] === undefined ? null : Number(env.WORLD_SIZE);
}

/**
 * Makes the end of the launcher, however it comes, the end of this process: one that was started by {@link launch} calls it
 * first. Others are left alone.
 *
 * @throws {CommError} where the launcher is gone already
 */
export function followLauncher(env: NodeJS.ProcessEnv = process.env): void {
  const launcher = env[LAUNCHER_PID];
  if (launcher === undefined) return;
  if (!loadNative().dieWithParent(Number(launcher))) {
    throw new CommError(`the launcher of this process (${launcher}) has ended`);
  }
}
