import { endianness } from 'node:os';
import { CheckpointError } from './errors.js';

/**
 * The typed array that holds each dtype. float16 and bfloat16 travel as their 16-bit patterns and bool as one byte
 * per element, so arrays of the tensor core pass through without a copy.
 */
export interface DtypeArrays {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type Dtype = keyof DtypeArrays;
export type TensorArray = DtypeArrays[Dtype];

/** What a tensor is, without its contents. An empty shape is a scalar. */
export interface TensorSpec<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
}

/** A tensor on the host: `data` holds the elements in row-major order of `shape`. */
export interface TensorData<D extends Dtype = Dtype> extends TensorSpec<D> {
  readonly data: DtypeArrays[D];
}

/** Named tensors, such as a state dictionary. */
export type TensorMap = ReadonlyMap<string, TensorData>;

type ArrayConstructors = {
  readonly [D in Dtype]: {
    new (source: ArrayBuffer | number): DtypeArrays[D];
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

/** Bytes of one element. */
export function dtypeSize(dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Product of the dimensions; NaN where a dimension is not a whole number ≥ 0 or the product is not exact. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return Number.NaN;
    count *= size;
  }
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/** A tensor of zeros. */
export function zeros<D extends Dtype>({ dtype, shape }: TensorSpec<D>): TensorData<D> {
  return { dtype, shape, data: new ARRAYS[dtype](elementCount(shape)) };
}

/** Wraps a buffer as the typed array of its dtype, without a copy. */
export function tensorFromBuffer(spec: TensorSpec, buffer: ArrayBuffer): TensorData {
  return { dtype: spec.dtype, shape: spec.shape, data: new ARRAYS[spec.dtype](buffer) };
}

/** The bytes of a tensor as they lie in memory, without a copy. */
export function tensorBytes({ data }: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Checks that a record is consistent before it is written.
 *
 * @throws CheckpointError naming `name` where dtype, typed array, shape and length disagree
 */
export function checkTensor(name: string, tensor: TensorData): void {
  checkDtype(name, tensor);
  const { dtype, shape, data } = tensor;
  const expected = ARRAYS[dtype];
  if (data[Symbol.toStringTag] !== expected.name) {
    throw new CheckpointError(
      `Tensor "${name}" of dtype ${dtype} must hold a ${expected.name}, not a ${data[Symbol.toStringTag]}.`,
    );
  }
  const count = elementCount(shape);
  if (count !== data.length) {
    const wants = Number.isNaN(count) ? 'not a valid shape' : `${count} elements`;
    throw new CheckpointError(
      `Tensor "${name}" has the shape [${shape.join(', ')}] (${wants}) but ${data.length} elements of data.`,
    );
  }
}

/**
 * Checks what is said of a tensor whose elements are elsewhere.
 *
 * @throws CheckpointError naming `name` where the dtype is unknown or the shape is none
 */
export function checkSpec(name: string, spec: TensorSpec): void {
  checkDtype(name, spec);
  if (!Number.isNaN(elementCount(spec.shape))) return;
  throw new CheckpointError(`Tensor "${name}" has the shape [${spec.shape.join(', ')}] (not a valid shape).`);
}

function checkDtype(name: string, { dtype }: TensorSpec): void {
  if (Object.hasOwn(ARRAYS, dtype)) return;
  throw new CheckpointError(
    `Tensor "${name}" has the unknown dtype ${String(dtype)}; known are ${Object.keys(ARRAYS).join(', ')}.`,
  );
}

/** Files are little-endian and tensors are views of them, so the host must be little-endian too. */
export function assertLittleEndianHost(): void {
  if (endianness() !== 'LE') {
    throw new CheckpointError('Checkpoints cannot be read or written on a big-endian machine.');
  }
}
