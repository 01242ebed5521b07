import { kindOf, type Pickled, Storage, StorageType, Tuple } from '../pickle/objects.js';

const MAX_KEY = 256;

/** Collects the storages that persistent ids name, one for each key. */
export class StorageTable {
  readonly byKey = new Map<string, Storage>();

  /**
   * The storage of ('storage', class, key, location, elements), in legacy files followed by None or by a part of it
   * as (key, first element, elements).
   */
  resolve(id: Pickled, length: 5 | 6, fail: (reason: string) => never): Storage {
    const items = id instanceof Tuple ? id.items : [];
    const [kind, type, key, , total, view] = items;
    if (kind === 'module') {
      return fail('it holds a whole module, which is code; save its state_dict() instead');
    }
    if (kind !== 'storage' || items.length !== length || !(type instanceof StorageType)) {
      return fail(`it refers to something outside by ${kindOf(id)} that names no storage`);
    }
    if (typeof key !== 'string' || key.length > MAX_KEY)
      return fail('the key of a storage is not a short text');
    if (!isCount(total)) return fail(`the size of storage "${key}" is not a whole number ≥ 0`);
    const known = this.byKey.get(key);
    if (known && (known.total !== total || known.dtype !== type.dtype)) {
      return fail(`storage "${key}" is described in two ways`);
    }
    const whole = known ?? new Storage(key, type.dtype, 0, total, total);
    this.byKey.set(key, whole);
    return view === undefined || view === null ? whole : partOf(whole, view, fail);
  }
}

function partOf(whole: Storage, view: Pickled, fail: (reason: string) => never): Storage {
  const [, start, length] = view instanceof Tuple ? view.items : [];
  if (!isCount(start) || !isCount(length) || start + length > whole.total) {
    return fail(`a part of storage "${whole.key}" does not lie inside it`);
  }
  return new Storage(whole.key, whole.dtype, start, length, whole.total);
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
