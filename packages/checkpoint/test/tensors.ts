import { tensorFromBuffer } from '@inplace-abn/tensor';
import fc from 'fast-check';
import type { HostDType, HostTensor } from '../src/index.js';
import { bytesPerElement, elementCount, tensorBytes } from '../src/index.js';

export const DTYPES: readonly HostDType[] = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
];

export function float32(shape: readonly number[], values: readonly number[]): HostTensor<'float32'> {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

/** An arbitrary tensor with arbitrary bits, NaN payloads included. */
export const anyTensor: fc.Arbitrary<HostTensor> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const length = elementCount(shape) * bytesPerElement(dtype);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => tensorFromBuffer({ dtype, shape }, Uint8Array.from(bytes).buffer));
  });

const anyName = fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__metadata__');

export const anyTensors: fc.Arbitrary<Map<string, HostTensor>> = fc
  .array(fc.tuple(anyName, anyTensor), { maxLength: 6 })
  .map((pairs) => new Map(pairs));

/** Converts a tensor to a form that compares bits. */
export function comparableTensor(tensor: HostTensor): {
  dtype: HostDType;
  shape: number[];
  array: string;
  bytes: string;
} {
  return {
    dtype: tensor.dtype,
    shape: [...tensor.shape],
    array: tensor.data[Symbol.toStringTag],
    bytes: Buffer.from(tensorBytes(tensor)).toString('hex'),
  };
}

/** Converts tensors to a form that compares bits and ignores order. */
export function comparable(tensors: ReadonlyMap<string, HostTensor>): unknown[] {
  return [...tensors]
    .map(([name, tensor]) => [name, comparableTensor(tensor)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}
