/** Operands of ops that JavaScript computes: every float dtype becomes float32, integers keep their dtype. */
import {
  byteLength,
  bytesOf,
  type DType,
  elements,
  fromFloat64,
  isDataDType,
  type TensorType,
  toFloat64,
  viewAs,
  zerosOf,
} from '@inplace-abn/tensor';
import type { HostArray, HostOperand, ReferenceTensor } from '../ir/define.js';

/** A readable operand from the bytes that a device stores. */
export function operandOf({ shape, dtype }: TensorType, bytes: Uint8Array): HostOperand {
  return { shape, data: arrayOf(dtype, bytes) };
}

function arrayOf(dtype: DType, bytes: Uint8Array): HostArray {
  if (dtype !== 'bfloat16' && dtype !== 'float16') return viewAs(dtype, bytes);
  return Float32Array.from(toFloat64(dtype, viewAs(dtype, bytes)));
}

/** A zero-filled operand to write to. */
export function emptyOperand({ shape, dtype }: TensorType): HostOperand {
  return { shape, data: zerosOf(isDataDType(dtype) ? 'float32' : dtype, elements(shape)) };
}

/** The bytes of an operand as a device stores it. */
export function storedBytes(type: TensorType, { data }: HostOperand): Uint8Array {
  const { dtype } = type;
  const narrow = dtype === 'bfloat16' || dtype === 'float16';
  const bytes = bytesOf(narrow ? fromFloat64(dtype, toFloat64('float32', data)) : data);
  if (bytes.length === byteLength(type)) return bytes;
  throw new RangeError(`expected ${byteLength(type)} bytes of a result but received ${bytes.length}`);
}

/** A readable operand from float64 elements. */
export function fromReference(tensor: ReferenceTensor): HostOperand {
  return operandOf(tensor, bytesOf(fromFloat64(tensor.dtype, tensor.data)));
}
