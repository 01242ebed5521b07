/** The default folder of a run. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

/** `runs/NAME-20250131-235959`, from the configuration's file name and local time. */
export function newRunFolder(configPath: string, now: Date): string {
  return join('runs', `${basename(configPath, extname(configPath))}-${timestamp(now)}`);
}

/**
 * The run folder that a checkpoint, or a folder of checkpoints, belongs to; undefined if it is not in one.
 */
export function runFolderOf(checkpoint: string): string | undefined {
  const folder = basename(checkpoint) === 'checkpoints' ? checkpoint : dirname(checkpoint);
  const run = basename(folder) === 'checkpoints' ? dirname(folder) : folder;
  const made = ['config.json', 'versions.json', 'checkpoints'];
  return made.every((name) => existsSync(join(run, name))) ? run : undefined;
}

function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
