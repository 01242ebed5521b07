// Names of the files in a checkpoint folder.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.js';

export const BEST_FILE = 'best.safetensors';
/** The best of steps that a run, resumed from before them, does not continue. */
export const SUPERSEDED_BEST_FILE = 'best.superseded.safetensors';

const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;
const SUPERSEDED = /^checkpoint-\d+\.superseded(-\d+)?\.safetensors$/;

/** A periodic checkpoint in a folder. */
export interface CheckpointFile {
  readonly path: string;
  readonly step: number;
}

export function checkpointFile(folder: string, step: number): CheckpointFile {
  return { path: join(folder, `checkpoint-${step}.safetensors`), step };
}

/** Names in a folder, sorted; undefined if there is no such folder. */
async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The periodic checkpoints of a folder, newest step first; none if there is no such folder. */
export async function listCheckpoints(folder: string): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  for (const name of (await namesIn(folder)) ?? []) {
    const step = CHECKPOINT.exec(name)?.[1];
    if (step !== undefined) files.push({ path: join(folder, name), step: Number(step) });
  }
  return files.sort((a, b) => b.step - a.step);
}

/** The checkpoints of a folder that were set aside, the last saved first. */
export async function listSuperseded(folder: string): Promise<string[]> {
  const paths = ((await namesIn(folder)) ?? []).filter((name) => SUPERSEDED.test(name));
  const files = await Promise.all(
    paths.map(async (name) => {
      const path = join(folder, name);
      return { path, saved: (await stat(path)).mtimeMs };
    }),
  );
  return files.sort((a, b) => b.saved - a.saved).map(({ path }) => path);
}

/** "the folder runs/a holds x, y": the end of a sentence about a file that is not there. */
export async function describeFolder(folder: string): Promise<string> {
  const names = (await namesIn(folder))?.filter((name) => !name.startsWith('.'));
  if (!names) return `there is no folder ${folder} either`;
  if (names.length === 0) return `the folder ${folder} is empty`;
  const shown = names.slice(0, 12).join(', ');
  return `the folder ${folder} holds ${shown}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`;
}
