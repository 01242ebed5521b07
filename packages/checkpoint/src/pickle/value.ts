import type { HostTensor } from '@inplace-abn/tensor';
import { Opaque } from './objects.js';

/**
 * A value of torch.save and torch.load. Dictionaries are Maps in insertion order; lists and tuples are
 * arrays; integers beyond 2⁵³ are bigints; bytes are strings of code points up to 255. Objects of any other
 * kind are opaque: they can be read, by name, but not written.
 */
export type TorchValue = TorchTree<HostTensor>;

/** A value whose tensors have type T, such as references into a file. */
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

export function isDict<T extends object>(value: TorchTree<T> | undefined): value is TorchDict<T> {
  return value instanceof Map;
}

export function isList<T extends object>(value: TorchTree<T>): value is readonly TorchTree<T>[] {
  return Array.isArray(value);
}

export function isTensor<T extends object>(value: TorchTree<T> | undefined): value is T {
  if (typeof value !== 'object' || value === null || value instanceof Opaque) return false;
  return !isDict(value) && !isList(value);
}

/** The tensors of a value, without duplicates. */
export function tensorsIn<T extends object>(value: TorchTree<T>, found = new Set<T>()): Set<T> {
  if (isDict(value)) for (const item of value.values()) tensorsIn(item, found);
  else if (isList(value)) for (const item of value) tensorsIn(item, found);
  else if (isTensor(value)) found.add(value);
  return found;
}

/** Replaces every tensor of a value. */
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
