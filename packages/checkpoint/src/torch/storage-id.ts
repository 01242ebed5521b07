import { kindOf, Opaque, type Pickled, Storage, StorageType, Tuple } from '../pickle/objects.js';

const MAX_KEY = 256;

/** Element sizes of storages without a dtype here, to skip them in a legacy stream. */
const WIDTHS: Readonly<Record<string, number>> = {
  'torch.ComplexHalfStorage': 4,
  'torch.ComplexFloatStorage': 8,
  'torch.ComplexDoubleStorage': 16,
  'torch.QInt8Storage': 1,
  'torch.QUInt8Storage': 1,
  'torch.QInt32Storage': 4,
};

/** Collects the storages named by persistent ids, one per key. */
export class StorageTable {
  readonly byKey = new Map<string, Storage>();
  /** Storages without a dtype here, by key: their class, and their size in bytes if it is known. */
  readonly opaque = new Map<string, { readonly type: string; readonly bytes: number | undefined }>();

  /**
   * Resolves ('storage', class, key, location, elements). Legacy files append None, or a part of the storage
   * as (key, first element, elements).
   */
  resolve(id: Pickled, length: 5 | 6, fail: (reason: string) => never): Storage | Opaque {
    const items = id instanceof Tuple ? id.items : [];
    const [kind, type, key, , total, view] = items;
    if (kind === 'module') {
      return fail('it holds a whole module, which is code; save its state_dict() instead');
    }
    const known = type instanceof StorageType || (type instanceof Opaque && !type.args);
    if (kind !== 'storage' || items.length !== length || !known) {
      return fail(`it has a persistent id, ${kindOf(id)}, that does not name a storage`);
    }
    if (typeof key !== 'string' || key.length > MAX_KEY)
      return fail('the key of a storage is not a short string');
    if (type instanceof Opaque) {
      const width = Object.hasOwn(WIDTHS, type.name) ? WIDTHS[type.name] : undefined;
      const bytes = width !== undefined && isCount(total) ? width * total : undefined;
      this.opaque.set(key, { type: type.name, bytes });
      return type;
    }
    if (!isCount(total)) return fail(`the size of storage "${key}" is not an integer ≥ 0`);
    const before = this.byKey.get(key);
    if (before && (before.total !== total || before.dtype !== type.dtype)) {
      return fail(`storage "${key}" has two conflicting descriptions`);
    }
    const whole = before ?? new Storage(key, type.dtype, 0, total, total);
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
