// Names of the files in a checkpoint folder.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.js';

/** Name of the file with the best weights of a run. */
export const BEST_FILE = 'best.safetensors';
/**
 * The best state of steps that the run has abandoned, because it was resumed from an earlier step.
 */
export const SUPERSEDED_BEST_FILE = 'best.superseded.safetensors';

const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;
const SUPERSEDED = /^checkpoint-\d+\.superseded(-\d+)?\.safetensors$/;

/** A periodic checkpoint in a folder. */
export interface CheckpointFile {
  /** Folder and file name. */
  readonly path: string;
  /** Optimizer steps completed, by the file's name. */
  readonly step: number;
}

export function checkpointFile(folder: string, step: number): CheckpointFile {
  return { path: join(folder, `checkpoint-${step}.safetensors`), step };
}

/** Sorted names in a folder; undefined if the folder does not exist. */
async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The periodic checkpoints of a folder, newest step first; empty if the folder does not exist. */
export async function listCheckpoints(folder: string): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  for (const name of (await namesIn(folder)) ?? []) {
    const step = CHECKPOINT.exec(name)?.[1];
    if (step !== undefined) files.push({ path: join(folder, name), step: Number(step) });
  }
  return files.sort((a, b) => b.step - a.step);
}

/** The superseded checkpoints of a folder, last saved first. */
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

/** Ends a sentence about a missing file: "the folder runs/a holds x, y". */
export async function describeFolder(folder: string): Promise<string> {
  const names = (await namesIn(folder))?.filter((name) => !name.startsWith('.'));
  if (!names) return `there is no folder ${folder} either`;
  if (names.length === 0) return `the folder ${folder} is empty`;
  const shown = names.slice(0, 12).join(', ');
  return `the folder ${folder} holds ${shown}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`;
}
