// A resumable training state and its form as one safetensors file: tensors under `model.` and `optimizer.`, the rest
// as JSON in the metadata, a checksum over all of it.

import type { HostTensor } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { detachedSource } from '../files/source.js';
import type { Metadata } from '../safetensors/header.js';
import { readSafetensors, SafetensorsFile } from '../safetensors/read.js';
import { writeSafetensors } from '../safetensors/write.js';
import type { TensorContent, TensorStream } from '../tensor-stream.js';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * What a resumed run must know beside its tensors. Programs add keys of their own, such as the best value of a metric;
 * all must be plain JSON.
 */
export interface RunMeta {
  /** Epochs completed. */
  readonly epoch: number;
  /** Optimizer steps completed, over all epochs. */
  readonly step: number;
  readonly seed: number;
  /** Digest of the resolved configuration, to notice that a run is resumed under another one. */
  readonly configHash: string;
  /** Versions of the packages and of Node that wrote the file. */
  readonly versions: Readonly<Record<string, string>>;
  readonly [key: string]: JsonValue;
}

/** Its tensors are on the host, or streams. */
export interface RunState<T extends TensorContent = HostTensor> {
  readonly meta: RunMeta;
  /** State dictionary of the network. */
  readonly model: ReadonlyMap<string, T>;
  /** Optimizer state, such as momentum buffers, by name. */
  readonly optimizer: ReadonlyMap<string, T>;
}

/** `kind` in the metadata of a training state. */
export const RUN_STATE_KIND = 'inplace-abn run state';
const VERSION = '1';
const GROUPS = ['model', 'optimizer'] as const;

/**
 * Writes a training state as one file, atomically and with a checksum. The tensors must not change until the promise
 * resolves.
 *
 * @throws CheckpointError naming the file, tensor or metadata key at fault
 */
export async function saveRunState(path: string, state: RunState<TensorContent>): Promise<void> {
  checkMeta(path, state.meta);
  const tensors = new Map<string, TensorContent>();
  for (const group of GROUPS) {
    for (const [name, tensor] of state[group]) tensors.set(`${group}.${name}`, tensor);
  }
  const metadata = { kind: RUN_STATE_KIND, version: VERSION, meta: encodeJson(path, state.meta) };
  await writeSafetensors(path, tensors, { metadata, checksum: true });
}

/**
 * Reads a training state and checks every byte of it.
 *
 * @throws CheckpointError if the file is missing, torn, damaged or something else
 */
export async function loadRunState(path: string): Promise<RunState> {
  const { tensors, metadata } = await readSafetensors(path, { verify: true });
  return runStateOf(path, metadata, tensors);
}

/**
 * Checks every byte of a training state; its tensors are read when they are wanted.
 *
 * @throws CheckpointError if the file is missing, torn, damaged or something else
 */
export async function openRunState(path: string): Promise<RunState<TensorStream>> {
  const file = await SafetensorsFile.over(await detachedSource(path));
  const state = runStateOf(path, file.metadata, file.streams());
  await file.verify();
  return state;
}

/** The state in the tensors and metadata of a safetensors file. */
export function runStateOf<T extends TensorContent>(
  path: string,
  metadata: Metadata,
  tensors: ReadonlyMap<string, T>,
): RunState<T> {
  const groups = { model: new Map<string, T>(), optimizer: new Map<string, T>() };
  const meta = decodeMeta(path, metadata);
  for (const [name, tensor] of tensors) {
    const group = GROUPS.find((candidate) => name.startsWith(`${candidate}.`));
    if (!group)
      throw new CheckpointError(`${path}: tensor "${name}" belongs to none of ${GROUPS.join(', ')}.`);
    groups[group].set(name.slice(group.length + 1), tensor);
  }
  return { meta, ...groups };
}

/**
 * Reads what a training state says of itself; its tensors are neither read nor checked.
 *
 * @throws CheckpointError if the file is missing, cut off or something else
 */
export async function readRunMeta(path: string): Promise<RunMeta> {
  const file = await SafetensorsFile.open(path);
  try {
    return decodeMeta(path, file.metadata);
  } finally {
    await file.close();
  }
}

function decodeMeta(path: string, metadata: Metadata): RunMeta {
  if (metadata.kind !== RUN_STATE_KIND)
    throw new CheckpointError(`${path} is a safetensors file, but not a training state.`);
  if (metadata.version !== VERSION) {
    throw new CheckpointError(
      `${path} has version ${metadata.version} of the training state; this program reads ${VERSION}.`,
    );
  }
  const meta = parse(path, metadata.meta ?? 'null');
  checkMeta(path, meta);
  return meta;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${path}: the training state is no JSON (${String(error)}).`);
  }
}

const isCount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const META_RULES = {
  epoch: { valid: isCount, wants: 'a whole number ≥ 0' },
  step: { valid: isCount, wants: 'a whole number ≥ 0' },
  seed: { valid: Number.isSafeInteger, wants: 'a whole number' },
  configHash: { valid: (value: unknown) => typeof value === 'string', wants: 'a text' },
  versions: { valid: (value: unknown) => typeof value === 'object' && value !== null, wants: 'an object' },
};

function checkMeta(path: string, meta: unknown): asserts meta is RunMeta {
  const fields: Record<string, unknown> = typeof meta === 'object' && meta !== null ? { ...meta } : {};
  for (const [key, { valid, wants }] of Object.entries(META_RULES)) {
    if (!valid(fields[key])) {
      throw new CheckpointError(
        `${path}: "${key}" of the training state must be ${wants}, not ${String(fields[key])}.`,
      );
    }
  }
}

/** JSON would turn NaN into null and drop what it does not know; a resume would then differ without a word. */
function encodeJson(path: string, meta: RunMeta): string {
  return JSON.stringify(meta, (key: string, value: unknown) => {
    const lost = typeof value === 'number' ? !Number.isFinite(value) : !isJson(value);
    if (lost)
      throw new CheckpointError(
        `${path}: "${key}" of the training state is ${String(value)}, which JSON cannot hold.`,
      );
    return value;
  });
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value))
    return true;
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}
