import type { Device } from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { Engine } from '../engine/engine.js';
import { Progress, type ProgressStream } from '../progress/progress.js';
import { taskOf } from '../task/registry.js';
import { evaluationBatches } from './data.js';
import { restoreWeights } from './restore.js';
import { type Validation, validate } from './validate.js';

export interface EvaluateOptions {
  readonly config: TrainConfig;
  readonly data: string;
  readonly device: Device;
  readonly workers: number;
  readonly printFreq: number;
  /** Checkpoint file (.pth.tar, .pth or .safetensors) or folder of checkpoints. */
  readonly resume: string;
  readonly stream?: ProgressStream;
}

/** Validates a checkpoint on DIR/val; writes nothing. */
export async function evaluate(options: EvaluateOptions): Promise<Validation> {
  const { config, device } = options;
  const progress = new Progress({ printFreq: options.printFreq, stream: options.stream });
  const data = await taskOf(config).openData(options.data, options.workers);
  const batches = evaluationBatches(data.valImages, config.optimizer.batch_size);
  const engine = new Engine({ device, config, evaluationBatches: batches });
  const { notes, path } = await restoreWeights(engine, config, options.resume);
  for (const note of [...notes, `evaluating ${path}`]) progress.note(note);
  const crop = config.input.crop_val;
  return validate({ engine, loader: data.val, images: data.valImages, crop, progress, epoch: 1, epochs: 1 });
}
