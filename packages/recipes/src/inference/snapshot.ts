/** The weights of a segmentation network from a snapshot. */
import { isClassifier, type TensorContents } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { NormMode } from '@inplace-abn/interop';
import type { Module } from '@inplace-abn/nn';
import type { NetworkConfig } from '../config/schema.js';
import { takeSegmentationWeights } from '../segmentation/weights.js';
import type { Task } from '../task/task.js';
import { loadWeights, type Weights } from '../weights/load.js';
import { specsOf } from '../weights/mismatch.js';

/** Options of reading a segmentation snapshot. */
export interface SnapshotOptions {
  /** Configuration that the network was made from; omit it for your own network. */
  readonly config?: NetworkConfig;
  /** The batch norm that the weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
}

/**
 * Reads the weights of a network from a snapshot: torch.save of {state_dict: {body, head, cls}} or of the
 * flat dictionary, safetensors, or a folder of training states (its newest whole one). Other float dtypes are
 * converted to float32, other batch norm as loadWeights does.
 *
 * @throws UsageError or CheckpointError that says what the file is instead
 */
export function loadSnapshot(
  network: Module,
  path: string,
  { config, trainedWith }: SnapshotOptions = {},
): Promise<Weights> {
  const takeWeights: Task['takeWeights'] = (into, source, how) => {
    const reason = otherNetwork(source.tensors) ?? otherClasses(specsOf(into), source.tensors);
    if (reason) throw new UsageError(`the snapshot ${source.path} ${reason}`);
    return takeSegmentationWeights(into, source, how);
  };
  const expected = 'a file of torch.save or safetensors';
  return loadWeights({ network, config, takeWeights }, path, { noun: 'snapshot', expected, trainedWith });
}

const PARTS = ['body.', 'head.', 'cls.'];

/** Describes a file that has no part of a segmentation network; null if it has one. */
function otherNetwork(tensors: TensorContents): string | null {
  const names = [...tensors.keys()];
  if (names.some((name) => PARTS.some((part) => name.startsWith(part)))) return null;
  const kind = names.some(isClassifier)
    ? 'holds a classification network'
    : 'does not hold a segmentation network';
  return `${kind}: expected one with the parts body, head and cls`;
}

const LOGITS = 'cls.bias';

function otherClasses(specs: ReturnType<typeof specsOf>, tensors: TensorContents): string | null {
  const [expected, found] = [specs.get(LOGITS)?.shape[0], tensors.get(LOGITS)?.shape[0]];
  if (expected === found || expected === undefined || found === undefined) return null;
  return `is for ${found} classes but the network has ${expected}: name the configuration that it was trained with, and its list of classes`;
}
