// Finds the state dictionary in a checkpoint, and its names.

import { CheckpointError } from '../errors.js';
import { describeOpaque } from '../pickle/describe.js';
import { Opaque } from '../pickle/objects.js';
import { isDict, isTensor, type TorchDict, type TorchTree } from '../pickle/value.js';
import { plainNames } from './prefixes.js';

/** A state dictionary and the rest of its file. Tensors are data, or references into a file. */
export interface SplitCheckpoint<T> {
  /** By name, without wrapper prefixes. */
  readonly tensors: ReadonlyMap<string, T>;
  /** Prefixes that were removed from the names; see {@link plainNames}. */
  readonly prefixes: readonly string[];
  readonly rest: ReadonlyMap<string, TorchTree<T>>;
}

/** Keys under which files store the state dictionary: upstream's first, then others in use. */
const STATE_DICT_KEYS = ['state_dict', 'model_state_dict', 'model'];

/**
 * Finds the state dictionary in a saved value: the dictionary under `state_dict`, or the value itself if it
 * holds only tensors. Nested dictionaries are joined by dots: {body: {weight}} becomes body.weight.
 *
 * @param at the key of the dictionary, where it is another one: `state_dict_ema`, `models.teacher`
 * @throws CheckpointError naming `path` and what was found instead
 */
export function splitCheckpoint<T extends object>(
  path: string,
  value: TorchTree<T>,
  at?: string,
): SplitCheckpoint<T> {
  if (at !== undefined) {
    const { dict, rest } = dictionaryAt(path, value, at);
    return { ...splitCheckpoint(path, dict), rest };
  }
  if (value instanceof Opaque) throw new CheckpointError(`${path} holds ${insteadOfStates(value)}.`);
  if (!isDict(value))
    throw new CheckpointError(`${path} does not hold a dictionary, so it has no state dictionary.`);
  const key = STATE_DICT_KEYS.find((candidate) => isDict(value.get(candidate)));
  const dict = key === undefined ? value : value.get(key);
  const rest = new Map<string, TorchTree<T>>();
  if (key === undefined || !isDict(dict)) {
    const object = STATE_DICT_KEYS.find((candidate) => value.get(candidate) instanceof Opaque);
    const whole = object === undefined ? undefined : value.get(object);
    if (whole instanceof Opaque) {
      throw new CheckpointError(`${path} holds as "${object}" ${insteadOfStates(whole)}.`);
    }
    if (!holdsTensors(value)) {
      throw new CheckpointError(
        `${path} holds no state dictionary: it has no "${STATE_DICT_KEYS[0]}"; its keys are ${listKeys(value)}.`,
      );
    }
  } else {
    for (const [name, item] of value) if (name !== key) rest.set(String(name), item);
  }
  const tensors = new Map<string, T>();
  const prefixes = new Set<string>();
  flatten(path, isDict(dict) ? dict : value, '', { tensors, prefixes });
  if (tensors.size === 0) throw new CheckpointError(`${path} holds an empty state dictionary.`);
  return { tensors, prefixes: [...prefixes], rest };
}

/** The dictionary under a key, or under keys joined by dots, or of the tensors whose names begin with it. */
function dictionaryAt<T extends object>(
  path: string,
  value: TorchTree<T>,
  at: string,
): { dict: TorchTree<T>; rest: ReadonlyMap<string, TorchTree<T>> } {
  if (isDict(value)) {
    const rest = new Map([...value].map(([key, item]): [string, TorchTree<T>] => [String(key), item]));
    const direct = value.get(at);
    if (direct !== undefined) {
      rest.delete(at);
      return { dict: direct, rest };
    }
    const start = `${at}.`;
    const named = [...rest].filter(([name]) => name.startsWith(start));
    if (named.length > 0) {
      return {
        dict: new Map(named.map(([name, item]) => [name.slice(start.length), item])),
        rest: new Map(),
      };
    }
    const [head = '', ...tail] = at.split('.');
    const inner = value.get(head);
    if (tail.length > 0 && isDict(inner)) return { ...dictionaryAt(path, inner, tail.join('.')), rest };
  }
  const known = isDict(value) ? [...value].filter(([, item]) => isDict(item)).map(([key]) => key) : [];
  const others =
    known.length > 0
      ? `dictionaries are under ${known.slice(0, 8).join(', ')}`
      : 'it holds no other dictionary';
  throw new CheckpointError(`${path} has nothing under "${at}": ${others}.`);
}

/** Explains a Python object in place of a state dictionary, such as a whole network. */
function insteadOfStates({ name }: Opaque): string {
  return `the Python object ${JSON.stringify(name)} instead of a state dictionary. Code in files is never run: load it in PyTorch and save its state_dict()`;
}

/** True if a dictionary contains only tensors and such dictionaries. */
function holdsTensors<T extends object>(dict: TorchDict<T>): boolean {
  return [...dict.values()].every((item) => isTensor(item) || (isDict(item) && holdsTensors(item)));
}

function listKeys<T>(dict: TorchDict<T>): string {
  const keys = [...dict.keys()].slice(0, 8).map((key) => JSON.stringify(String(key).slice(0, 60)));
  return `${keys.join(', ') || 'none'}${dict.size > keys.length ? ' …' : ''}`;
}

interface Flat<T> {
  readonly tensors: Map<string, T>;
  readonly prefixes: Set<string>;
}

function flatten<T extends object>(path: string, dict: TorchDict<T>, before: string, flat: Flat<T>): void {
  const { entries, removed } = plainNames(dict);
  for (const prefix of removed) flat.prefixes.add(prefix);
  for (const [key, item] of entries) {
    const name = `${before}${key}`;
    if (isDict(item)) flatten(path, item, `${name}.`, flat);
    else if (item instanceof Opaque) {
      throw new CheckpointError(
        `${path}: "${name}" of the state dictionary is not a supported tensor but ${describeOpaque(item)}.`,
      );
    } else if (!isTensor(item)) {
      throw new CheckpointError(`${path}: "${name}" of the state dictionary is not a tensor.`);
    } else if (flat.tensors.has(name)) {
      throw new CheckpointError(`${path}: the state dictionary has two tensors "${name}".`);
    } else flat.tensors.set(name, item);
  }
}
