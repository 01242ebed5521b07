/**
 * Inputs, outputs and targets of a network: one tensor, or several by name. In graphs one is `input`, several
 * are `input.left` and `input.right`.
 */
import type { TypedArray } from '@inplace-abn/core';
import { Value } from '@inplace-abn/core';
import type { Per, Signals } from '@inplace-abn/nn';

/** One `T`, or several by name. */
export type OneOrNamed<T> = T | Readonly<Record<string, T>>;

/** Items by their names in graphs: ROLE for one, ROLE.NAME for several. */
export function named<T>(
  role: string,
  items: OneOrNamed<T>,
  isOne: (items: OneOrNamed<T>) => items is T,
): Map<string, T> {
  if (isOne(items)) return new Map([[role, items]]);
  return new Map(Object.entries(items).map(([name, item]) => [`${role}.${name}`, item]));
}

/** The inverse of {@link named}. */
export function unnamed<T>(role: string, items: ReadonlyMap<string, T>): OneOrNamed<T> {
  const one = items.get(role);
  if (one !== undefined) return one;
  return Object.fromEntries([...items].map(([name, item]) => [name.slice(role.length + 1), item]));
}

/** Like {@link unnamed}, typed by a network's signals, which TypeScript cannot infer here. */
export function unnamedAs<S extends Signals, T>(role: string, items: ReadonlyMap<string, T>): Per<S, T> {
  return unnamed(role, items) as Per<S, T>;
}

export function signalsAs<S extends Signals>(role: string, values: ReadonlyMap<string, Value>): S {
  return unnamed(role, values) as S;
}

export function isValue(items: OneOrNamed<Value>): items is Value {
  return items instanceof Value;
}

export function isArray(items: OneOrNamed<TypedArray>): items is TypedArray {
  // Whatever is not a record of arrays is reported as an array of a wrong type.
  return ArrayBuffer.isView(items) || !items || Object.getPrototypeOf(items) !== Object.prototype;
}

/** Whether it is the shape and dtype of one tensor. */
export function isTensorOptions<T extends { readonly shape: unknown }>(items: OneOrNamed<T>): items is T {
  return Array.isArray(items.shape);
}
