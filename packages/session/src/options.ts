import type { ComputeDType, Device, DType, Shape } from '@inplace-abn/core';
import { parseBytes, UsageError } from '@inplace-abn/core';
import type { Optimizer } from '@inplace-abn/optim';
import type { Loss, LossFunction } from './loss.js';

/** One sample, without the batch: images are C×H×W. */
export interface InputOptions {
  readonly shape: Shape;
  /** Default float32. */
  readonly dtype?: DType;
}

export interface SessionOptions {
  readonly input: InputOptions;
  /** The target of one sample, for a loss that is a function; default: like the output. */
  readonly target?: InputOptions;
  readonly loss?: Loss | LossFunction;
  readonly optimizer?: Optimizer;
  /** Largest global norm of the gradients (torch.nn.utils.clip_grad_norm_); default: no clipping. */
  readonly clip?: number;
  /** Default: the CPU. */
  readonly device?: Device;
  /** Dtype of activations and their gradients; default float32. */
  readonly precision?: ComputeDType;
  /** Most bytes for weights, optimizer state and activations together, as a number or '2GB'; default: no limit. */
  readonly memory?: number | string;
  /** Of initial weights and of dropout; default 0. */
  readonly seed?: number;
}

const KNOWN = [
  'input',
  'target',
  'loss',
  'optimizer',
  'clip',
  'device',
  'precision',
  'memory',
  'seed',
] as const satisfies readonly (keyof SessionOptions)[];

/** Fails for what TypeScript would have refused: an unknown option, or an input without a shape. */
export function checkOptions(options: SessionOptions): void {
  for (const key of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(key)) {
      throw new UsageError(`Session has no option ${key}; it has ${KNOWN.join(', ')}`);
    }
  }
  for (const size of options.input?.shape ?? [Number.NaN]) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new UsageError(
      `Session: expected input.shape to hold the sizes of one sample, such as [3, 224, 224], but received ${JSON.stringify(options.input?.shape)}`,
    );
  }
  if (options.clip !== undefined && !(options.clip > 0)) {
    throw new UsageError(`Session: expected a clip above 0 but received ${options.clip}`);
  }
}

/** Bytes of a memory option; undefined where there is none. */
export function memoryBytes(memory: number | string | undefined): number | undefined {
  if (memory === undefined) return undefined;
  const bytes = typeof memory === 'string' ? parseBytes(memory) : memory;
  if (bytes !== null && Number.isFinite(bytes) && bytes >= 1) return Math.floor(bytes);
  throw new UsageError(
    `Session: expected memory in bytes, such as 1500000000, '1500MB' or '1.5GiB', but received ${memory}`,
  );
}
