// Where in a checkpoint the state dictionary stands, and its names.

import { CheckpointError } from '../errors.js';
import { isDict, isTensor, type TorchDict, type TorchTree } from '../torch/value.js';

/** A state dictionary and what stands beside it; tensors are data, or references into a file. */
export interface SplitCheckpoint<T> {
  /** By name, without a `module.` that all names had. */
  readonly tensors: ReadonlyMap<string, T>;
  readonly rest: ReadonlyMap<string, TorchTree<T>>;
}

/** The key of the state dictionary among others: upstream's, then others in use. */
const STATE_DICT_KEYS = ['state_dict', 'model_state_dict', 'model'];

/** What torch.nn.DataParallel puts before every name. */
export const PARALLEL_PREFIX = 'module.';

/**
 * Finds the state dictionary in a saved value: the dictionary under `state_dict`, or the value itself if it holds
 * tensors only. Dictionaries inside are joined by dots: {body: {weight}} has the name body.weight.
 *
 * @throws CheckpointError naming `path` and what was found instead
 */
export function splitCheckpoint<T extends object>(path: string, value: TorchTree<T>): SplitCheckpoint<T> {
  if (!isDict(value))
    throw new CheckpointError(`${path} holds no dictionary, so no state dictionary either.`);
  const key = STATE_DICT_KEYS.find((candidate) => isDict(value.get(candidate)));
  const dict = key === undefined ? value : value.get(key);
  const rest = new Map<string, TorchTree<T>>();
  if (key === undefined || !isDict(dict)) {
    if (!holdsTensors(value)) {
      throw new CheckpointError(
        `${path} holds no state dictionary: there is no "${STATE_DICT_KEYS[0]}", and its keys are ${listKeys(value)}.`,
      );
    }
  } else {
    for (const [name, item] of value) if (name !== key) rest.set(String(name), item);
  }
  const tensors = new Map<string, T>();
  flatten(path, isDict(dict) ? dict : value, '', tensors);
  if (tensors.size === 0) throw new CheckpointError(`${path} holds an empty state dictionary.`);
  return { tensors, rest };
}

/** Whether a dictionary is made of tensors and such dictionaries. */
function holdsTensors<T extends object>(dict: TorchDict<T>): boolean {
  return [...dict.values()].every((item) => isTensor(item) || (isDict(item) && holdsTensors(item)));
}

function listKeys<T>(dict: TorchDict<T>): string {
  const keys = [...dict.keys()].slice(0, 8).map((key) => JSON.stringify(String(key).slice(0, 60)));
  return `${keys.join(', ') || 'none'}${dict.size > keys.length ? ' …' : ''}`;
}

function flatten<T extends object>(
  path: string,
  dict: TorchDict<T>,
  prefix: string,
  tensors: Map<string, T>,
): void {
  for (const [key, item] of stripPrefix(dict)) {
    const name = `${prefix}${key}`;
    if (isDict(item)) flatten(path, item, `${name}.`, tensors);
    else if (!isTensor(item)) {
      throw new CheckpointError(`${path}: "${name}" of the state dictionary is no tensor.`);
    } else if (tensors.has(name)) {
      throw new CheckpointError(`${path}: the state dictionary has two tensors "${name}".`);
    } else tensors.set(name, item);
  }
}

/** Without `module.`, if all names begin with it. */
export function stripPrefix<V>(dict: ReadonlyMap<string | number, V>): [string, V][] {
  const entries = [...dict].map(([key, item]): [string, V] => [String(key), item]);
  const all = entries.length > 0 && entries.every(([key]) => key.startsWith(PARALLEL_PREFIX));
  return all ? entries.map(([key, item]) => [key.slice(PARALLEL_PREFIX.length), item]) : entries;
}
