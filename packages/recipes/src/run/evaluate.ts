import type { Device } from '@inplace-abn/core';
import type { NormMode } from '@inplace-abn/interop';
import {
  ALONE,
  checkSameImages,
  kernelsOfCheckpoint,
  type Peers,
  type ProgressStream,
  progressOf,
  type SkipReason,
  Unreadable,
  type Validation,
  validate,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { evaluationBatches } from '../data/loaders.js';
import { taskOf } from '../tasks/registry.js';
import { engineWith } from './engine-with.js';
import { namingKeys } from './naming-keys.js';
import { restoreWeights } from './restore.js';

export interface EvaluateOptions {
  readonly config: TrainConfig;
  readonly data: string;
  readonly device: Device;
  readonly workers: number;
  /** Limit for the pixels of an image; default: the loader's, which depends on the crop. */
  readonly maxPixels?: number;
  readonly printFreq: number;
  /** Checkpoint file (.pth.tar, .pth or .safetensors) or folder of checkpoints. */
  readonly resume: string;
  /** The batch norm that its weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
  /** Formats why an image was skipped; default: its own reason. */
  readonly skipReason?: SkipReason;
  readonly stream?: ProgressStream;
  /** The processes that share the images; default: this one alone. */
  readonly peers?: Peers;
}

/**
 * Validates a checkpoint on DIR/val, with the kernels of its run; writes nothing. Every process needs the
 * checkpoint.
 *
 * @throws UsageError or CheckpointError for a checkpoint that does not fit; UsageError, code ERR_MEMORY, if
 * the machine has too little memory; DataError for data that cannot be used; CommError if processes see
 * different images or one is lost
 */
export async function evaluate(options: EvaluateOptions): Promise<Validation> {
  const { config, device, workers, maxPixels, peers = ALONE } = options;
  const progress = progressOf(options, peers);
  const data = await taskOf(config).openData(options.data, { workers, maxPixels, share: peers, once: true });
  await checkSameImages(peers, data);
  for (const note of data.notes) progress.note(note);
  const batches = evaluationBatches(data.valImages, config.optimizer.batch_size, peers);
  const kernels = await peers.fromFirst(peers.rank === 0 ? await kernelsOfCheckpoint(options.resume) : null);
  const engine = await engineWith(kernels, { device, config, evaluationBatches: batches, peers }, progress);
  const { notes, path } = await restoreWeights(engine, config, options.resume, options.trainedWith);
  for (const note of [...notes, `evaluating ${path}`]) progress.note(note);
  const crop = config.input.crop_val;
  const images = data.valImages;
  const unreadable = new Unreadable([data.val], peers, [], options.skipReason);
  const loop = { engine, loader: data.val, images, crop, progress, epoch: 1, epochs: 1, peers, unreadable };
  const validation = await namingKeys(() => validate(loop));
  unreadable.report(progress);
  return validation;
}
