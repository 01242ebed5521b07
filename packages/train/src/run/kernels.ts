/** The kernels of a run: timed once, kept with it, and taken again wherever it goes on. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { latestRunMeta, readRunMeta } from '@inplace-abn/checkpoint';
import type { KernelNames, UnmetChoice } from '@inplace-abn/core';
import type { BeginningOptions } from './beginning.js';

export interface RunKernels {
  /** Of rank 0: the last bits of a sum depend on it, too. */
  readonly machine: string;
  readonly names: KernelNames;
}

/** Where a run folder has them, and the key under which the meta data of its training states has them. */
export const KERNELS_FILE = 'kernels.json';
export const KERNELS_KEY = 'kernels';

const BITS = 'sums may differ in their last bits from here on';

/** The kernels of the run that goes on; null where none does, or nothing tells. */
export async function kernelsSoFar(options: BeginningOptions): Promise<RunKernels | null> {
  const { logDir, resume, take = 'everything', continueRun } = options;
  const own = continueRun ? await latestRunMeta(join(logDir, 'checkpoints')) : undefined;
  if (own) return runKernels(own[KERNELS_KEY]);
  if (resume === undefined || take !== 'everything') return null;
  const meta = await latestRunMeta(resume);
  if (meta) return runKernels(meta[KERNELS_KEY]);
  return kernelsInFolder(logDir);
}

/** The kernels of the run that a checkpoint, or the newest of a folder, is of; null where nothing tells. */
export async function kernelsOfCheckpoint(path: string): Promise<RunKernels | null> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return runKernels((await latestRunMeta(path))?.[KERNELS_KEY]);
  const meta = await readRunMeta(path).catch(() => null);
  return meta ? runKernels(meta[KERNELS_KEY]) : kernelsInFolder(dirname(path));
}

/** Those of the run in a folder: a checkpoint of PyTorch does not keep them. */
async function kernelsInFolder(path: string): Promise<RunKernels | null> {
  return runKernels(await readFile(join(path, KERNELS_FILE), 'utf8').then(JSON.parse, () => null));
}

function runKernels(value: unknown): RunKernels | null {
  if (typeof value !== 'object' || value === null || !('machine' in value && 'names' in value)) return null;
  const { machine, names } = value;
  if (typeof machine !== 'string' || typeof names !== 'object' || names === null) return null;
  const texts = Object.entries(names).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { machine, names: Object.fromEntries(texts) };
}

/** A sentence where another process went on with the run, with other kernels, until this one got its folder. */
export function changedKernels(
  before: RunKernels | null,
  now: RunKernels | null,
  names: KernelNames,
): string | null {
  const changed = Object.entries(now?.names ?? {}).some(([key, name]) => {
    return name !== before?.names[key] && name !== (names[key] ?? name);
  });
  if (!changed) return null;
  return `while this process waited, the run went on with kernels that it does not take: ${BITS}; start it again to take them`;
}

/** Sentences for the user where a run goes on with other sums than so far. */
export function kernelNotes(
  soFar: RunKernels | null,
  machine: string,
  unmet: readonly (readonly UnmetChoice[])[],
): string[] {
  const moved = soFar && soFar.machine !== machine;
  const notes = moved ? [`the run was computed on ${soFar.machine}, this is ${machine}: ${BITS}`] : [];
  unmet.forEach((choices, rank) => {
    const [first] = choices;
    if (!first) return;
    const where = unmet.length > 1 ? `rank ${rank}` : 'this machine';
    const kernels = choices.length === 1 ? 'a kernel' : `${choices.length} kernels`;
    const one = `${first.asked} for ${first.key}: ${first.reason}`;
    notes.push(`${where} cannot take ${kernels} that the run was computed with (${one}): ${BITS}`);
  });
  return notes;
}
