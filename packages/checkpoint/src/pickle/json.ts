/** Converts plain JSON to and from pickle values. */
import type { JsonValue } from '../run-state/state.js';
import type { TensorRef } from './objects.js';
import { isDict, isList, isTensor, type TorchTree, type TorchValue } from './value.js';

/** Converts plain JSON to a value for torch.save: objects become dictionaries. */
export function torchOfJson(value: JsonValue): TorchValue {
  if (value === null || typeof value !== 'object') return value;
  if (isJsonList(value)) return value.map(torchOfJson);
  return new Map(Object.entries(value).map(([key, item]) => [key, torchOfJson(item)]));
}

/** The inverse: dictionaries become objects, tensors become undefined; Python objects stay opaque. */
export function jsonOfTorch(value: TorchTree<TensorRef> | undefined): unknown {
  if (value === undefined || isTensor(value)) return undefined;
  if (isDict(value)) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), jsonOfTorch(item)]));
  }
  return isList(value) ? value.map(jsonOfTorch) : value;
}

function isJsonList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
