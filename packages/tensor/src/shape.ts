import { bytesPerElement, type DType } from './dtype.js';

/** Logical shape N×C×S1×…. Data tensors are stored channels-last (N, S1, …, C) on every device. */
export type Shape = readonly number[];

/** Shape and dtype of a tensor that a device computes on. */
export interface TensorType<D extends DType = DType> {
  /** Logical, N×C×S1×…, whatever the storage order. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: D;
}

/** Number of elements of a valid shape; 1 for a scalar. For an untrusted shape use {@link elementCount}. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of a tensor's elements, stored densely. */
export function byteLength(type: TensorType): number {
  return elements(type.shape) * bytesPerElement(type.dtype);
}

/** Whether two shapes have the same rank and the same size along each axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Formats a type, such as `float32[16,64,56,56]`. */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(',')}]`;
}

/**
 * Size of `shape` along `axis`, from 0.
 *
 * @throws RangeError if the shape has no such axis
 */
export function dim(shape: Shape, axis: number): number {
  const size = shape[axis];
  if (size === undefined) throw new RangeError(`shape [${shape.join(',')}] has no axis ${axis}`);
  return size;
}

/**
 * Number of channels of a data tensor: the size of axis 1.
 *
 * @throws RangeError for a rank below 2
 */
export function channels(shape: Shape): number {
  return dim(shape, 1);
}

/** Samples per channel of a data tensor N×C×S1×…: N·S1·…, the rows of its channels-last matrix. */
export function rows(shape: Shape): number {
  return shape.reduce((product, size, axis) => (axis === 1 ? product : product * size), 1);
}

/**
 * Number of elements of an untrusted shape; NaN if a dimension is not a non-negative integer or the product
 * is inexact.
 */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return Number.NaN;
    count *= size;
  }
  return Number.isSafeInteger(count) ? count : Number.NaN;
}
