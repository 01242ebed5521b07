/** The weights of a segmentation network from a snapshot. */
import type { TensorMap } from '@inplace-abn/checkpoint';
import { type HostTensor, UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { CLASSIFIER_PREFIX } from '../classification/objective.js';
import { specsOf } from '../evaluation/mismatch.js';
import { readWeights } from '../evaluation/weights.js';
import { takeSegmentationWeights } from './weights.js';

export interface Snapshot {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The file that was read. */
  readonly path: string;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Reads the weights of `network` from a snapshot: torch.save of {state_dict: {body, head, cls}} or of the flat dictionary,
 * safetensors, or a folder of training states (its newest whole one). Other float dtypes are converted to float32.
 *
 * @throws UsageError or CheckpointError that says what the file is instead
 */
export async function loadSnapshot(network: Module, path: string): Promise<Snapshot> {
  const file = await readWeights(path, 'snapshot', 'a file of torch.save or safetensors');
  const reason = otherNetwork(file.tensors) ?? otherClasses(specsOf(network), file.tensors);
  if (reason) throw new UsageError(`the snapshot ${file.path} ${reason}`);
  const tensors = takeSegmentationWeights(network, file, { use: 'testing' });
  return { tensors, path: file.path, notes: file.notes };
}

const PARTS = ['body.', 'head.', 'cls.'];

/** What a file is that has no part of a segmentation network. */
function otherNetwork(tensors: TensorMap): string | null {
  const names = [...tensors.keys()];
  if (names.some((name) => PARTS.some((part) => name.startsWith(part)))) return null;
  const kind = names.some((name) => name.startsWith(CLASSIFIER_PREFIX))
    ? 'is of a classification network'
    : 'is of no segmentation network';
  return `${kind}: expected one with the parts body, head and cls`;
}

const LOGITS = 'cls.bias';

function otherClasses(specs: ReturnType<typeof specsOf>, tensors: TensorMap): string | null {
  const [expected, found] = [specs.get(LOGITS)?.shape[0], tensors.get(LOGITS)?.shape[0]];
  if (expected === found || expected === undefined || found === undefined) return null;
  return `is for ${found} classes but the network has ${expected}: name the configuration that it was trained with, and its list of classes`;
}
