/** What a user names with --resume, read: a training state of ours, a checkpoint of PyTorch, or weights alone. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  CheckpointError,
  RUN_STATE_KIND,
  type RunMeta,
  readStateDict,
  resumeRunState,
  SafetensorsFile,
  type TensorMap,
  type TorchValue,
} from '@inplace-abn/checkpoint';

/** Where and how a run stood, as far as the file tells. */
export type Progress =
  | { readonly kind: 'state'; readonly meta: RunMeta; readonly optimizer: TensorMap }
  | {
      readonly kind: 'torch';
      readonly epoch: number;
      /** Of the task's criterion, in per cent. */
      readonly best: number;
      readonly optimizer: TorchValue;
    }
  | { readonly kind: 'weights' };

export interface CheckpointContent {
  /** The file that was read: for a folder, or a torn file, the newest whole one. */
  readonly path: string;
  readonly model: TensorMap;
  /** Name of the architecture, where the file has it. */
  readonly arch?: string;
  readonly progress: Progress;
  /** Sentences about files that were passed over. */
  readonly notes: readonly string[];
}

/**
 * Reads a checkpoint. A run continues from a folder or a training state of ours: a torn or missing one falls back to the
 * newest whole one. Whoever wants weights alone gets those of the file that was named, or an error; of a folder the
 * newest. Every other file is read or refused.
 *
 * @param bestKey where a checkpoint of PyTorch has its best metric
 * @param weightsOnly leaves the optimiser's state in the file where that is possible
 * @throws CheckpointError naming the file
 */
export async function readCheckpoint(
  path: string,
  bestKey: string,
  weightsOnly: boolean,
): Promise<CheckpointContent> {
  if (weightsOnly ? await isFolder(path) : await holdsTrainingStates(path)) {
    const { state, path: used, rejected } = await resumeRunState(path, { missing: 'fallBack' });
    const { meta, model, optimizer } = state;
    const notes = rejected.map((file) => `passed over ${file.path}: ${file.reason}`);
    return { path: used, model, arch: text(meta.arch), progress: { kind: 'state', meta, optimizer }, notes };
  }
  const { tensors, rest } = await readStateDict(path, { weightsOnly });
  return {
    path,
    model: tensors,
    arch: text(rest.get('arch')),
    progress: torchProgress(path, bestKey, rest),
    notes: [],
  };
}

/** A folder, or a file that is a training state, was one before it was torn, or is missing but named like one. */
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

function torchProgress(path: string, bestKey: string, rest: ReadonlyMap<string, TorchValue>): Progress {
  const [epoch, optimizer] = [rest.get('epoch'), rest.get('optimizer')];
  if (epoch === undefined || optimizer === undefined) return { kind: 'weights' };
  const [epochs, best] = [scalar(epoch), scalar(rest.get(bestKey) ?? 0)];
  if (epochs === null || !Number.isSafeInteger(epochs) || epochs < 0) {
    throw new CheckpointError(`${path}: "epoch" must be a whole number of at least 0.`);
  }
  if (best === null) throw new CheckpointError(`${path}: "${bestKey}" must be a finite number.`);
  return { kind: 'torch', epoch: epochs, best, optimizer };
}

/** A number, or a tensor of one element: some versions of PyTorch keep accuracies so. */
function scalar(value: TorchValue): number | null {
  const single =
    typeof value === 'object' && value !== null && 'data' in value && value.data.length === 1
      ? Number(value.data[0])
      : value;
  return typeof single === 'number' && Number.isFinite(single) ? single : null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
