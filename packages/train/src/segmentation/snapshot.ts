/** The weights of a segmentation network from a snapshot. */
import { stat } from 'node:fs/promises';
import {
  loadLatest,
  readStateDict,
  StateDictMismatch,
  type TensorMap,
  takeStateDict,
} from '@inplace-abn/checkpoint';
import { type HostTensor, UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { specsOf } from '../evaluation/mismatch.js';

export interface Snapshot {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The file that was read. */
  readonly path: string;
}

/**
 * Reads the weights of `network` from a snapshot: torch.save of {state_dict: {body, head, cls}} or of the flat dictionary,
 * safetensors, or a folder of training states (its newest whole one). Other float dtypes are converted to float32.
 *
 * @throws UsageError or CheckpointError that says what the file is instead
 */
export async function loadSnapshot(network: Module, path: string): Promise<Snapshot> {
  const file = await readTensors(path);
  try {
    const tensors = takeStateDict(specsOf(network), file.tensors, file.path, { convert: true });
    return { tensors: tensors as Map<string, HostTensor>, path: file.path };
  } catch (error) {
    if (!(error instanceof StateDictMismatch)) throw error;
    throw new UsageError(`${otherNetwork(file.tensors) ?? ''}${error.message}`, { cause: error });
  }
}

async function readTensors(path: string): Promise<{ tensors: TensorMap; path: string }> {
  const kind = await stat(path).catch(() => null);
  if (!kind)
    throw new UsageError(`there is no snapshot ${path}: expected a file of torch.save or safetensors`);
  if (!kind.isDirectory())
    return { tensors: (await readStateDict(path, { weightsOnly: true })).tensors, path };
  const { state, path: used } = await loadLatest(path);
  return { tensors: state.model, path: used };
}

const PARTS = ['body.', 'head.', 'cls.'];

/** A sentence about what a file holds that has no part of a segmentation network. */
function otherNetwork(tensors: TensorMap): string | null {
  if ([...tensors.keys()].some((name) => PARTS.some((part) => name.startsWith(part)))) return null;
  return 'Not a snapshot of a segmentation network: a snapshot has the parts body, head and cls. ';
}
