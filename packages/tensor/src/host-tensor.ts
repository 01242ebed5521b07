import { bytesOf, type DTypeArrays, type HostDType, viewAs, zerosOf } from './dtype.js';
import { elementCount } from './shape.js';

/** Dtype and shape of a tensor. An empty shape is a scalar. */
export interface TensorSpec<D extends HostDType = HostDType> {
  /** Element type. */
  readonly dtype: D;
  /** Sizes, the slowest-varying first. */
  readonly shape: readonly number[];
}

/** A tensor in host memory: `data` holds its elements in row-major order. */
export interface HostTensor<D extends HostDType = HostDType> extends TensorSpec<D> {
  /** Elements in row-major order, of the array type of the dtype. */
  readonly data: DTypeArrays[D];
}

/** Named tensors, such as a state dictionary. */
export type TensorMap = ReadonlyMap<string, HostTensor>;

/** A tensor of zeros in host memory, for a valid shape: check an untrusted one with {@link elementCount}. */
export function zeros<D extends HostDType>({ dtype, shape }: TensorSpec<D>): HostTensor<D> {
  return { dtype, shape, data: zerosOf(dtype, elementCount(shape)) };
}

/**
 * Wraps a buffer of row-major elements as a tensor, without a copy. Its length must be that of the shape,
 * which is not checked.
 */
export function tensorFromBuffer(spec: TensorSpec, buffer: ArrayBuffer): HostTensor {
  return { dtype: spec.dtype, shape: spec.shape, data: viewAs(spec.dtype, new Uint8Array(buffer)) };
}

/** The elements of a tensor as bytes, row-major, without a copy. */
export function tensorBytes({ data }: HostTensor): Uint8Array {
  return bytesOf(data);
}
