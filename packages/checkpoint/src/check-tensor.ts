import { endianness } from 'node:os';
import {
  arrayName,
  elementCount,
  HOST_DTYPES,
  type HostTensor,
  isHostDType,
  type TensorSpec,
} from '@inplace-abn/tensor';
import { CheckpointError } from './errors.js';

/**
 * Checks that a tensor is consistent before it is written.
 *
 * @throws CheckpointError naming `name` if dtype, typed array, shape and length disagree
 */
export function checkTensor(name: string, tensor: HostTensor): void {
  checkDtype(name, tensor);
  const { dtype, shape, data } = tensor;
  const expected = arrayName(dtype);
  if (data[Symbol.toStringTag] !== expected) {
    throw new CheckpointError(
      `Tensor "${name}" of dtype ${dtype} must hold a ${expected}, not a ${data[Symbol.toStringTag]}.`,
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
 * Checks the dtype and shape of a tensor whose elements are elsewhere.
 *
 * @throws CheckpointError naming `name` if the dtype is unknown or the shape is invalid
 */
export function checkSpec(name: string, spec: TensorSpec): void {
  checkDtype(name, spec);
  if (!Number.isNaN(elementCount(spec.shape))) return;
  throw new CheckpointError(`Tensor "${name}" has the shape [${spec.shape.join(', ')}] (not a valid shape).`);
}

function checkDtype(name: string, { dtype }: TensorSpec): void {
  if (isHostDType(dtype)) return;
  throw new CheckpointError(
    `Tensor "${name}" has the unknown dtype ${String(dtype)}; known are ${HOST_DTYPES.join(', ')}.`,
  );
}

/** Files are little-endian and tensors are views of their bytes, so the host must be little-endian too. */
export function assertLittleEndianHost(): void {
  if (endianness() !== 'LE') {
    throw new CheckpointError('Checkpoints cannot be read or written on a big-endian machine.');
  }
}
