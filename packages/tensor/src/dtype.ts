/**
 * The typed array class that holds each dtype on the host. float16 and bfloat16 are stored as their 16 bits,
 * bool as one byte per element.
 */
export interface DTypeArrays {
  /** IEEE double: the dtype of the reference device. Other devices do not compute in it. */
  float64: Float64Array;
  /** IEEE single: weights, statistics, losses, and activations by default. */
  float32: Float32Array;
  /** IEEE half: 5 bits of exponent, 10 of fraction, up to 65504. */
  float16: Uint16Array;
  /** The upper half of a float32: 8 bits of exponent, 7 of fraction. */
  bfloat16: Uint16Array;
  /** Signed 64 bits, such as `num_batches_tracked`. Elements are bigints. */
  int64: BigInt64Array;
  /** Signed 32 bits, such as labels of a classification. */
  int32: Int32Array;
  /** Signed 16 bits, in files only. */
  int16: Int16Array;
  /** Signed 8 bits, in files only. */
  int8: Int8Array;
  /** Unsigned 8 bits, such as RGB samples and label maps. */
  uint8: Uint8Array;
  /** 0 or 1 in one byte, in files only. */
  bool: Uint8Array;
}

/** Element types of tensors on the host and in files. */
export type HostDType = keyof DTypeArrays;

/** A typed array of any host dtype. */
export type TensorArray = DTypeArrays[HostDType];

/** Element types of tensors that devices can process. */
export type DType = DataDType | 'int32' | 'int64' | 'uint8';

/** Element types of activations and their gradients. */
export type DataDType = 'float32' | 'bfloat16' | 'float16';

/** Elements of a device tensor, as callers pass and receive them. */
export type TypedArray = DTypeArrays[DType];

type ArrayConstructors = {
  readonly [D in HostDType]: {
    new (source: ArrayBufferLike | number, byteOffset?: number, length?: number): DTypeArrays[D];
    readonly BYTES_PER_ELEMENT: number;
    readonly name: string;
  };
};

const ARRAYS: ArrayConstructors = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Names of all host dtypes, in the order of {@link DTypeArrays}. */
export const HOST_DTYPES: readonly string[] = Object.keys(ARRAYS);

/** Whether a name, such as one read from a file, is a host dtype. */
export function isHostDType(name: string): name is HostDType {
  return Object.hasOwn(ARRAYS, name);
}

/** Whether activations can have this dtype: float32, bfloat16 or float16. */
export function isDataDType(dtype: HostDType): dtype is DataDType {
  return dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16';
}

/** Size of one element in bytes: 1, 2, 4 or 8. */
export function bytesPerElement(dtype: HostDType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Name of the typed array class of `dtype`, such as `Float32Array`; for error messages. */
export function arrayName(dtype: HostDType): string {
  return ARRAYS[dtype].name;
}

/**
 * A typed array of `length` zeros.
 *
 * @throws RangeError if the length is negative or more than the machine can allocate
 */
export function zerosOf<D extends HostDType>(dtype: D, length: number): DTypeArrays[D] {
  return new ARRAYS[dtype](length);
}

/**
 * Views `bytes` as the typed array of `dtype`; copies them if their offset is not a multiple of its element
 * size. Bytes after the last whole element are left out.
 */
export function viewAs<D extends HostDType>(dtype: D, bytes: Uint8Array): DTypeArrays[D] {
  const size = bytesPerElement(dtype);
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new ARRAYS[dtype](buffer, byteOffset, byteLength / size);
}

/** Views an array's elements as bytes, in the machine's byte order, without a copy. */
export function bytesOf(array: TensorArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * The dtype of a typed array. Two classes are ambiguous: a Uint16Array is taken as bfloat16, a Uint8Array as
 * uint8.
 */
export function dtypeOf(array: TensorArray): HostDType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Uint16Array) return 'bfloat16';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Int16Array) return 'int16';
  if (array instanceof Int8Array) return 'int8';
  return 'uint8';
}

/** Whether the class of a typed array is that of `dtype`. */
export function holds<D extends HostDType>(array: TensorArray, dtype: D): array is DTypeArrays[D] {
  return array[Symbol.toStringTag] === ARRAYS[dtype].name;
}
