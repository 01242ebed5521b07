// Objects on the stack of the pickle machine. None of them can run code chosen by the file.

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
  /**
   * Set if a key is neither a string nor an integer. Its item is dropped, and the dictionary is not plain
   * data.
   */
  foreignKey: string | null = null;
}

/** A Python tuple. Unlike a list, nothing can be appended to it. */
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

/** Services for a call, apart from its return value. */
export interface CallContext {
  /** Stops reading with a reason. */
  fail(reason: string): never;
  /** Counts copied items against the limit on operations. */
  charge(items: number): void;
}

/** A storage class, such as torch.FloatStorage. */
export class StorageType {
  constructor(readonly dtype: HostDType) {}
}

/** All or part of a storage in the file, as a persistent id describes it. */
export class Storage {
  constructor(
    /** Key of the file's storage. */
    readonly key: string,
    readonly dtype: HostDType,
    /** First element in that storage, and number of elements. */
    readonly start: number,
    readonly length: number,
    /** Elements of the whole storage. */
    readonly total: number,
  ) {}
}

/** A tensor as a view of a storage whose bytes stay in the file. Checked to lie inside the storage. */
export class TensorRef implements TensorSpec {
  /** Describes a view; the reader of the pickle has checked that it lies inside the storage. */
  constructor(
    /** Element type of the storage. */
    readonly dtype: HostDType,
    /** Sizes, the slowest-varying axis first; empty for a scalar. */
    readonly shape: readonly number[],
    /** In elements, never negative. */
    readonly strides: readonly number[],
    /** The part of the file that holds its elements. Several tensors may share it. */
    readonly storage: Storage,
    /** First element, counted from the start of the whole storage. */
    readonly offset: number,
    /** PyTorch's negative bit: every element has the opposite sign. */
    readonly negative = false,
  ) {}
}

/**
 * A Python class or function that is not on the allow-list, or an object made by one. Only the name is
 * recorded; nothing is looked up or run.
 */
export class Opaque {
  /** Attributes, items and elements set by the pickle. */
  private readonly set: Pickled[] = [];

  /** Records a class or function, or with `args` an object that it makes. */
  constructor(
    /** Qualified name, such as `argparse.Namespace`. */
    readonly name: string,
    /** Arguments of the call that makes the object; undefined for the class or function itself. */
    readonly args?: readonly Pickled[],
  ) {}

  /** The object that a call makes. Helpers that rebuild objects take the class as their first argument. */
  called(args: readonly Pickled[]): Opaque {
    const [made, ...rest] = args;
    const helper = /\._reconstruct(or)?$/.test(this.name) && made instanceof Opaque && !made.args;
    return helper ? new Opaque(made.name, rest) : new Opaque(this.name, args);
  }

  /** Appends one item, as the pickle's APPEND or ADDITEMS does. */
  add(item: Pickled): void {
    this.set.push(item);
  }

  /** The items in the order in which they were added. */
  get items(): readonly Pickled[] {
    return this.set;
  }

  /** Attributes, if there are any; they are set last. */
  get state(): Pickled | undefined {
    return this.set.at(-1);
  }
}

/** The kind of a value in the user's terms. */
export function kindOf(value: Pickled): string {
  if (value === null) return 'None';
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'a list';
    if (value instanceof Map) return 'a dictionary';
    if (value instanceof Tuple) return 'a tuple';
    if (value instanceof Callable) return `the function ${value.name}`;
    if (value instanceof StorageType) return 'a storage class';
    if (value instanceof Opaque) return `the object ${value.name}`;
    return value instanceof Storage ? 'a bare storage' : 'a tensor';
  }
  return typeof value === 'string' ? 'a string' : typeof value === 'boolean' ? 'a boolean' : 'a number';
}
