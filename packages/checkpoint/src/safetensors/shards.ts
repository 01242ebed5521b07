/** Weights in several safetensors files that an index lists, as large models are published. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CheckpointError, reasonOf } from '../errors.js';
import { detachedSource } from '../files/source.js';
import type { TensorStream } from '../tensor-stream.js';
import { SafetensorsFile } from './read.js';

/** How the name of an index ends: `model.safetensors.index.json`. */
export const INDEX_END = '.index.json';

/**
 * The tensors that an index lists, as streams, in its order.
 *
 * @throws CheckpointError naming the index, or the file that is missing, damaged or lacks a tensor
 */
export async function openShards(path: string): Promise<Map<string, TensorStream>> {
  const places = await shardsIn(path);
  const shards = new Map<string, ReadonlyMap<string, TensorStream>>();
  for (const file of new Set(places.values())) {
    const source = await detachedSource(join(dirname(path), file));
    shards.set(file, (await SafetensorsFile.over(source)).streams());
  }
  const tensors = new Map<string, TensorStream>();
  for (const [name, file] of places) {
    const tensor = shards.get(file)?.get(name);
    if (!tensor) throw new CheckpointError(`${path} lists "${name}" in ${file}, which has no such tensor.`);
    tensors.set(name, tensor);
  }
  return tensors;
}

/**
 * Maps the name of each tensor to the name of its file, which is in the index's folder.
 *
 * @throws CheckpointError as {@link openShards}
 */
export async function shardsIn(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CheckpointError(`${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  });
  const map = weightMap(text);
  if (!map) {
    throw new CheckpointError(
      `${path} is not an index of safetensors files: it has no "weight_map" of tensors.`,
    );
  }
  const places = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || file === '..' || /[\\/\0]/.test(file)) {
      throw new CheckpointError(
        `${path}: "${name}" is not in a file next to the index but in ${JSON.stringify(file)}.`,
      );
    }
    places.set(name, file);
  }
  return places;
}

function weightMap(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const index: unknown = JSON.parse(text);
    return isRecord(index) && isRecord(index.weight_map) ? index.weight_map : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
