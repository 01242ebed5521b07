import {
  bytesPerElement,
  elementCount,
  type HostDType,
  type HostTensor,
  type TensorSpec,
  tensorBytes,
  tensorFromBuffer,
} from '@inplace-abn/tensor';
import { checkSpec, checkTensor } from './check-tensor.js';
import { CheckpointError } from './errors.js';

/** A tensor that is not on the host as a whole: its bytes lie on a device or in a file. */
export interface TensorStream<D extends HostDType = HostDType> extends TensorSpec<D> {
  /**
   * All bytes in order, row-major, each piece whole elements. A piece is valid until the next one is asked for, so that
   * one buffer can serve them all. Called again, it gives the same bytes.
   */
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A tensor to write or to load: its elements, or the way to them. */
export type TensorContent<D extends HostDType = HostDType> = HostTensor<D> | TensorStream<D>;

/** Named tensors whose elements may be anywhere. */
export type TensorContents = ReadonlyMap<string, TensorContent>;

export function isHostTensor(tensor: TensorContent): tensor is HostTensor {
  return 'data' in tensor;
}

export function hasDtype<D extends HostDType>(tensor: TensorContent, dtype: D): tensor is TensorContent<D> {
  return tensor.dtype === dtype;
}

/** Bytes of a tensor's elements. */
export function byteCount({ dtype, shape }: TensorSpec): number {
  return elementCount(shape) * bytesPerElement(dtype);
}

/** Checks that a tensor is consistent before it is written. Throws CheckpointError naming `name`. */
export function checkContent(name: string, tensor: TensorContent): void {
  if (isHostTensor(tensor)) checkTensor(name, tensor);
  else checkSpec(name, tensor);
}

/**
 * The bytes of a tensor, piece by piece. A tensor on the host is one piece, its own memory.
 *
 * @throws CheckpointError naming `name` where a stream gives more or fewer bytes than the tensor has
 */
export async function* piecesOf(name: string, tensor: TensorContent): AsyncGenerator<Uint8Array> {
  if (isHostTensor(tensor)) {
    yield tensorBytes(tensor);
    return;
  }
  let total = 0;
  for await (const piece of tensor.pieces()) {
    total += piece.byteLength;
    yield piece;
  }
  if (total !== byteCount(tensor)) {
    throw new CheckpointError(
      `Tensor "${name}" has ${byteCount(tensor)} bytes by its dtype and shape, but ${total} came.`,
    );
  }
}

/** A tensor on the host: itself, or read to its end. */
export async function readContent(name: string, tensor: TensorContent): Promise<HostTensor> {
  if (isHostTensor(tensor)) return tensor;
  const bytes = new Uint8Array(new ArrayBuffer(byteCount(tensor)));
  let at = 0;
  for await (const piece of piecesOf(name, tensor)) {
    bytes.set(piece.subarray(0, bytes.byteLength - at), at);
    at += piece.byteLength;
  }
  return tensorFromBuffer(tensor, bytes.buffer);
}
