/** The kernels of a run: autotuned once, stored with the run and reused when it continues. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { latestRunMeta, type RunMeta, readRunMeta } from '@inplace-abn/checkpoint';
import type { KernelNames, UnmetChoice } from '@inplace-abn/core';
import { type BeginningOptions, CHECKPOINTS } from './beginning.js';

/** Names of the kernels that a run uses. */
export interface RunKernels {
  /** CPU of rank 0, because the last bits of a sum depend on it too. */
  readonly machine: string;
  /** By specification, as a device stores them. */
  readonly names: KernelNames;
}

/** File of the kernels in a run folder. */
const KERNELS_FILE = 'kernels.json';
/** Key of the kernels' names in a run state. */
export const KERNELS_KEY = 'kernels';

const BITS = 'sums may differ in their last bits from here on';

/** The kernels of the run that continues; null if none does or they are unknown. */
export async function kernelsSoFar(options: BeginningOptions): Promise<RunKernels | null> {
  const meta = await metaSoFar(options);
  if (meta) return runKernels(meta[KERNELS_KEY]);
  return continuesRun(options) ? kernelsInFolder(options.logDir) : null;
}

/** The metadata of the state that a run continues from; null if there is none. */
export async function metaSoFar(options: BeginningOptions): Promise<RunMeta | null> {
  const { logDir, resume, continueRun } = options;
  const own = continueRun ? await latestRunMeta(join(logDir, CHECKPOINTS)) : undefined;
  if (own || resume === undefined || !continuesRun(options)) return own ?? null;
  return (await latestRunMeta(resume)) ?? null;
}

function continuesRun({ resume, take = 'everything' }: BeginningOptions): boolean {
  return resume !== undefined && take === 'everything';
}

/** The kernels of the run that a checkpoint, or the newest of a folder, belongs to; null if unknown. */
export async function kernelsOfCheckpoint(path: string): Promise<RunKernels | null> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return runKernels((await latestRunMeta(path))?.[KERNELS_KEY]);
  const meta = await readRunMeta(path).catch(() => null);
  return meta ? runKernels(meta[KERNELS_KEY]) : kernelsInFolder(dirname(path));
}

/** The kernels of a folder's run, because PyTorch checkpoints do not store them. */
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

/** A note if another process continued the run with other kernels while this one waited for the folder. */
export function changedKernels(
  before: RunKernels | null,
  now: RunKernels | null,
  names: KernelNames,
): string | null {
  const changed = Object.entries(now?.names ?? {}).some(([key, name]) => {
    return name !== before?.names[key] && name !== (names[key] ?? name);
  });
  if (!changed) return null;
  return `while this process waited, the run continued with other kernels: ${BITS}; restart it to use them`;
}

/** Notes for the user if sums may differ from those before. */
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
    notes.push(`${where} cannot use ${kernels} of the earlier run (${one}): ${BITS}`);
  });
  return notes;
}
