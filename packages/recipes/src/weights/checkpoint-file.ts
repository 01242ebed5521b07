/**
 * Reads a checkpoint that a user names: a training state of ours, a checkpoint of PyTorch, or weights alone.
 */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  CheckpointError,
  type CheckpointFormat,
  openResumedState,
  openStateDict,
  RUN_STATE_KIND,
  type RunMeta,
  SafetensorsFile,
  type TensorContent,
  type TensorContents,
  type TorchTree,
} from '@inplace-abn/checkpoint';
import { type NormMode, recordedNorms } from '@inplace-abn/interop';

/** Key of the averages in a checkpoint of PyTorch, as in timm's. */
export const AVERAGES_KEY = 'state_dict_ema';

/** Position and optimizer of a run, as far as the file has them. */
export type Progress =
  | { readonly kind: 'state'; readonly meta: RunMeta; readonly optimizer: TensorContents }
  | {
      readonly kind: 'torch';
      readonly epoch: number;
      /** Best value of the task's criterion, in percent. */
      readonly best: number;
      readonly optimizer: TorchTree<TensorContent>;
      /** Opens the averages of the weights, by the names of the weights; null if the file has none. */
      readonly averages: (() => Promise<TensorContents>) | null;
    }
  | { readonly kind: 'weights' };

export interface CheckpointContent {
  /** The file that was read: for a folder, or a torn file, the newest whole one. */
  readonly path: string;
  /** Read from the file on demand. */
  readonly model: TensorContents;
  /** Name of the architecture, if the file has it. */
  readonly arch?: string;
  /** The network's batch norm, if the file has it. */
  readonly bnMode?: NormMode;
  /** Digest of the configuration that it was trained with, if the file has it. */
  readonly configHash?: string;
  readonly format: CheckpointFormat;
  readonly progress: Progress;
  /** Notes on files that were passed over, and names that were shortened. */
  readonly notes: readonly string[];
}

/**
 * Reads a checkpoint that a run continues from. A folder or a training state of ours that is torn or missing
 * falls back to the newest whole one. Every other file is read or refused.
 *
 * @param bestKey key of the best metric in a checkpoint of PyTorch
 * @throws CheckpointError naming the file
 */
export async function readCheckpoint(path: string, bestKey: string): Promise<CheckpointContent> {
  if (await holdsTrainingStates(path)) return readNewestState(path);
  const { content, rest } = await readFile(path);
  return { ...content, progress: torchProgress(path, bestKey, rest) };
}

/**
 * Reads only the weights: of the named file or, for a folder, of its newest whole training state.
 *
 * @throws CheckpointError naming the file
 */
export async function readWeights(path: string): Promise<CheckpointContent> {
  if (await isFolder(path)) return readNewestState(path);
  return (await readFile(path)).content;
}

async function readNewestState(path: string): Promise<CheckpointContent> {
  const { state, path: used, rejected } = await openResumedState(path, { missing: 'fallBack' });
  const { meta, model, optimizer } = state;
  const notes = rejected.map((file) => `passed over ${file.path}: ${file.reason}`);
  const identity = identityOf((key) => meta[key]);
  const progress = { kind: 'state', meta, optimizer } as const;
  return { path: used, model, ...identity, format: 'safetensors', progress, notes };
}

async function readFile(
  path: string,
): Promise<{ content: CheckpointContent; rest: ReadonlyMap<string, TorchTree<TensorContent>> }> {
  const { tensors, prefixes, rest, format } = await openStateDict(path);
  // Upstream's own files have this one.
  const unusual = prefixes.filter((prefix) => prefix !== 'module.');
  const notes = unusual.length > 0 ? [`${path}: names are read without ${unusual.join(', ')}`] : [];
  const identity = identityOf((key) => rest.get(key));
  const content = {
    path,
    model: tensors,
    ...identity,
    format,
    progress: { kind: 'weights' },
    notes,
  } as const;
  return { content, rest };
}

/** The record of the run in a file of ours; `bn_mode` is the key in a file for PyTorch. */
function identityOf(
  value: (key: string) => unknown,
): Pick<CheckpointContent, 'arch' | 'bnMode' | 'configHash'> {
  return {
    arch: text(value('arch')),
    bnMode: recordedNorms(value),
    configHash: text(value('configHash')),
  };
}

/**
 * Whether a path is a folder, or names a training state: a whole one, a torn one, or a missing file with its
 * extension.
 */
async function holdsTrainingStates(path: string): Promise<boolean> {
  if (await isFolder(path)) return true;
  if (!path.endsWith('.safetensors')) return false;
  if (!existsSync(path)) return true;
  try {
    const file = await SafetensorsFile.open(path);
    try {
      return file.metadata.kind === RUN_STATE_KIND;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CheckpointError) return true;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function torchProgress(
  path: string,
  bestKey: string,
  rest: ReadonlyMap<string, TorchTree<TensorContent>>,
): Progress {
  const [epoch, optimizer] = [rest.get('epoch'), rest.get('optimizer')];
  if (epoch === undefined || optimizer === undefined) return { kind: 'weights' };
  const [epochs, best] = [scalar(epoch), scalar(rest.get(bestKey) ?? 0)];
  if (epochs === null || !Number.isSafeInteger(epochs) || epochs < 0) {
    throw new CheckpointError(`${path}: "epoch" must be a whole number of at least 0.`);
  }
  if (best === null) throw new CheckpointError(`${path}: "${bestKey}" must be a finite number.`);
  const kept = rest.get(AVERAGES_KEY);
  // Opened only by a run that keeps averages: other programs store other things under this key.
  const averages =
    kept instanceof Map && kept.size > 0
      ? async () => (await openStateDict(path, { key: AVERAGES_KEY })).tensors
      : null;
  return { kind: 'torch', epoch: epochs, best, optimizer, averages };
}

/** A number, or a tensor of one element: some versions of PyTorch store accuracies like that. */
function scalar(value: TorchTree<TensorContent>): number | null {
  const single =
    typeof value === 'object' && value !== null && 'data' in value && value.data.length === 1
      ? Number(value.data[0])
      : value;
  return typeof single === 'number' && Number.isFinite(single) ? single : null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
