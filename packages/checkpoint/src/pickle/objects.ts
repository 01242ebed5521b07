// What lives on the stack of the pickle machine. None of it can run code of the file's choosing.

import type { HostDType, TensorSpec } from '@inplace-abn/tensor';

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Tuple
  | Pickled[]
  | PickledDict
  | Callable
  | StorageType
  | Storage
  | TensorRef
  | Opaque;

export class PickledDict extends Map<string | number, Pickled> {
  /** A key that is neither text nor whole number: its item is left out, and the dictionary is not plain data. */
  foreignKey: string | null = null;
}

/** A Python tuple; apart from a list because nothing may be appended to it. */
export class Tuple {
  constructor(readonly items: readonly Pickled[]) {}
}

/** A function of the allow-list. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: readonly Pickled[], context: CallContext) => Pickled,
  ) {}
}

/** What a call may do beside returning a value. */
export interface CallContext {
  /** Ends the reading with a reason. */
  fail(reason: string): never;
  /** Counts copied items against the limit on operations. */
  charge(items: number): void;
}

/** A class of storages, such as torch.FloatStorage. */
export class StorageType {
  constructor(readonly dtype: HostDType) {}
}

/** A run of elements in the file, or a part of one, as a persistent id names it. */
export class Storage {
  constructor(
    /** Which of the file's storages it lies in. */
    readonly key: string,
    readonly dtype: HostDType,
    /** First element of it, and their number. */
    readonly start: number,
    readonly length: number,
    /** Elements of the whole storage that the file keeps under the key. */
    readonly total: number,
  ) {}
}

/** A tensor as a view of a storage; its bytes stay in the file. Checked: all of it lies inside the storage. */
export class TensorRef implements TensorSpec {
  constructor(
    readonly dtype: HostDType,
    readonly shape: readonly number[],
    /** In elements, not negative. */
    readonly strides: readonly number[],
    readonly storage: Storage,
    /** First element, counted from the start of the whole storage of the file. */
    readonly offset: number,
    /** Every element counts with the other sign: PyTorch's negative bit. */
    readonly negative = false,
  ) {}
}

/**
 * A class or function of Python that is not on the allow-list, or an object made by one. It is written down under its
 * name, never looked up and never run.
 */
export class Opaque {
  /** Attributes, items and elements that the pickle sets. */
  private readonly set: Pickled[] = [];

  constructor(
    /** `argparse.Namespace` */
    readonly name: string,
    /** Arguments of the call that makes the object; undefined for the class or function itself. */
    readonly args?: readonly Pickled[],
  ) {}

  /** The object that a call makes. The helpers that rebuild objects are given the class first. */
  called(args: readonly Pickled[]): Opaque {
    const [made, ...rest] = args;
    const helper = /\._reconstruct(or)?$/.test(this.name) && made instanceof Opaque && !made.args;
    return helper ? new Opaque(made.name, rest) : new Opaque(this.name, args);
  }

  add(item: Pickled): void {
    this.set.push(item);
  }

  get items(): readonly Pickled[] {
    return this.set;
  }

  /** Attributes, where there are any; set last. */
  get state(): Pickled | undefined {
    return this.set.at(-1);
  }
}

/** A kind of value as a user would call it. */
export function kindOf(value: Pickled): string {
  if (value === null) return 'None';
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'a list';
    if (value instanceof Map) return 'a dictionary';
    if (value instanceof Tuple) return 'a tuple';
    if (value instanceof Callable) return `the function ${value.name}`;
    if (value instanceof StorageType) return 'a class of storages';
    if (value instanceof Opaque) return `the object ${value.name}`;
    return value instanceof Storage ? 'a bare storage' : 'a tensor';
  }
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'a truth value' : 'a number';
}
