import type { HostTensor } from '@inplace-abn/tensor';
import { Opaque } from './objects.js';

/**
 * What torch.save writes and torch.load returns, as far as it is data. Dictionaries are Maps in their order; lists and
 * tuples are arrays; whole numbers beyond 2⁵³ are bigints; bytes are texts of code points up to 255. Objects of any other kind
 * are opaque: they are read, by name, and cannot be written.
 */
export type TorchValue = TorchTree<HostTensor>;

/** A value whose tensors are anything, such as references into a file. */
export type TorchTree<T> =
  | null
  | boolean
  | number
  | bigint
  | string
  | T
  | Opaque
  | readonly TorchTree<T>[]
  | ReadonlyMap<string | number, TorchTree<T>>;

/** A dictionary. */
export type TorchDict<T = HostTensor> = ReadonlyMap<string | number, TorchTree<T>>;

/** Whether a value is a dictionary. */
export function isDict<T extends object>(value: TorchTree<T> | undefined): value is TorchDict<T> {
  return value instanceof Map;
}

/** Whether a value is a list. */
export function isList<T extends object>(value: TorchTree<T>): value is readonly TorchTree<T>[] {
  return Array.isArray(value);
}

/** Whether a value is a tensor. */
export function isTensor<T extends object>(value: TorchTree<T> | undefined): value is T {
  if (typeof value !== 'object' || value === null || value instanceof Opaque) return false;
  return !isDict(value) && !isList(value);
}

/** The tensors of a value, each once however often it occurs. */
export function tensorsIn<T extends object>(value: TorchTree<T>, found = new Set<T>()): Set<T> {
  if (isDict(value)) for (const item of value.values()) tensorsIn(item, found);
  else if (isList(value)) for (const item of value) tensorsIn(item, found);
  else if (isTensor(value)) found.add(value);
  return found;
}

/** The same value with other tensors in the places of its own. */
export function mapTensors<A extends object, B extends object>(
  value: TorchTree<A>,
  map: (tensor: A) => TorchTree<B>,
): TorchTree<B> {
  if (isDict(value)) {
    const dict = new Map<string | number, TorchTree<B>>();
    for (const [key, item] of value) dict.set(key, mapTensors(item, map));
    return dict;
  }
  if (isList(value)) return value.map((item) => mapTensors(item, map));
  return isTensor(value) ? map(value) : value;
}
