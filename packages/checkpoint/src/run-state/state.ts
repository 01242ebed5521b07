// A resumable training state and its form as one safetensors file: tensors under `model.` and `optimizer.`,
// everything else as JSON in the metadata, and a checksum of the whole file.

import type { HostTensor } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { detachedSource } from '../files/source.js';
import type { Metadata } from '../safetensors/header.js';
import { readSafetensors, SafetensorsFile } from '../safetensors/read.js';
import { writeSafetensors } from '../safetensors/write.js';
import type { TensorContent, TensorStream } from '../tensor-stream.js';

/** A value that JSON can represent. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * Everything a resumed run needs except tensors. Programs add keys of their own, such as the best value of a
 * metric. All values must be plain JSON.
 */
export interface RunMeta {
  /** Completed epochs. */
  readonly epoch: number;
  /** Completed optimizer steps, over all epochs. */
  readonly step: number;
  /** Seed of data order, augmentation and initial weights. */
  readonly seed: number;
  /** Digest of the resolved configuration, to detect that a run resumes with a different one. */
  readonly configHash: string;
  /** Versions of the packages and of Node that wrote the file. */
  readonly versions: Readonly<Record<string, string>>;
  readonly [key: string]: JsonValue;
}

/** A training state whose tensors are on the host or are streams. */
export interface RunState<T extends TensorContent = HostTensor> {
  /** Everything except tensors, as JSON in the file's metadata. */
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
 * Writes a training state to one file, atomically and with a checksum. The tensors must not change until the
 * promise resolves.
 *
 * @throws CheckpointError naming the file, tensor or metadata key
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
 * Reads a training state and verifies every byte.
 *
 * @throws CheckpointError if the file is missing, truncated, damaged or not a training state
 */
export async function loadRunState(path: string): Promise<RunState> {
  const { tensors, metadata } = await readSafetensors(path, { verify: true });
  return runStateOf(path, metadata, tensors);
}

/**
 * Verifies every byte of a training state and returns its tensors as streams, which are read on demand.
 *
 * @throws CheckpointError if the file is missing, truncated, damaged or not a training state
 */
export async function openRunState(path: string): Promise<RunState<TensorStream>> {
  const file = await SafetensorsFile.over(await detachedSource(path));
  const state = runStateOf(path, file.metadata, file.streams());
  await file.verify();
  return state;
}

/** Builds the state from the tensors and metadata of a safetensors file. */
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
 * Reads the metadata of a training state. Its tensors are neither read nor verified.
 *
 * @throws CheckpointError if the file is missing, truncated or not a training state
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
    throw new CheckpointError(`${path}: the training state is not JSON (${String(error)}).`);
  }
}

const isCount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const META_RULES = {
  epoch: { valid: isCount, wants: 'an integer ≥ 0' },
  step: { valid: isCount, wants: 'an integer ≥ 0' },
  seed: { valid: Number.isSafeInteger, wants: 'an integer' },
  configHash: { valid: (value: unknown) => typeof value === 'string', wants: 'a string' },
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

/** Rejects values that JSON would silently change or drop, such as NaN: the resumed run would then differ. */
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
