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

/** A tensor that is not in host memory: its bytes are on a device or in a file. */
export interface TensorStream<D extends HostDType = HostDType> extends TensorSpec<D> {
  /**
   * All bytes in row-major order, in chunks of whole elements. A chunk is valid until the next one is
   * requested, so one buffer can serve them all. Can be called again and returns the same bytes.
   */
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A tensor to write or load: its elements, or a stream of them. */
export type TensorContent<D extends HostDType = HostDType> = HostTensor<D> | TensorStream<D>;

/** Named tensors, on the host or as streams. */
export type TensorContents = ReadonlyMap<string, TensorContent>;

/** Whether the elements of a tensor are in host memory, as opposed to a stream. */
export function isHostTensor(tensor: TensorContent): tensor is HostTensor {
  return 'data' in tensor;
}

export function hasDtype<D extends HostDType>(tensor: TensorContent, dtype: D): tensor is TensorContent<D> {
  return tensor.dtype === dtype;
}

/** Size of a tensor in bytes. */
export function byteCount({ dtype, shape }: TensorSpec): number {
  return elementCount(shape) * bytesPerElement(dtype);
}

/** Checks that a tensor is consistent before it is written. @throws CheckpointError naming `name` */
export function checkContent(name: string, tensor: TensorContent): void {
  if (isHostTensor(tensor)) checkTensor(name, tensor);
  else checkSpec(name, tensor);
}

/**
 * The bytes of a tensor in chunks. A host tensor is one chunk: its own memory.
 *
 * @throws CheckpointError naming `name` if a stream yields more or fewer bytes than the tensor has
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
      `Tensor "${name}" has ${byteCount(tensor)} bytes by its dtype and shape, but its stream has ${total}.`,
    );
  }
}

/** Returns a host tensor unchanged, and reads a stream to its end. */
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
