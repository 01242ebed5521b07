import { loadNative } from '@inplace-abn/core';
import { CommError } from '../errors.js';
import { LAUNCHER_PID } from './launch.js';

/**
 * Number of processes that {@link launch} started together with this one; null if it did not start this one.
 */
export function launchedProcesses(env: NodeJS.ProcessEnv = process.env): number | null {
  return env[LAUNCHER_PID] === undefined ? null : Number(env.WORLD_SIZE);
}

/**
 * Ends this process when its launcher ends for any reason. Processes started by {@link launch} should call it
 * first; it does nothing in others.
 *
 * @throws {CommError} if the launcher has already ended
 */
export function followLauncher(env: NodeJS.ProcessEnv = process.env): void {
  const launcher = env[LAUNCHER_PID];
  if (launcher === undefined) return;
  if (!loadNative().dieWithParent(Number(launcher))) {
    throw new CommError(`the launcher of this process (${launcher}) has ended`);
  }
}
