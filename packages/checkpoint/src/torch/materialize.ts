// Converts views of storages to row-major arrays. Storages are visited in file order and read once:
// contiguous rows go straight into the result, strided views through one buffer.

import {
  bytesPerElement,
  elementCount,
  type HostTensor,
  tensorBytes,
  tensorFromBuffer,
} from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { type ByteSource, readInto, readPieces } from '../files/source.js';
import type { TensorRef } from '../pickle/objects.js';
import type { TensorStream } from '../tensor-stream.js';
import { crc32Of } from '../zip/crc32.js';
import type { StoragePlace } from './container.js';

/**
 * Reads tensors. Equal views of a storage become one tensor.
 *
 * @param limit maximum total bytes; views of one storage may add up to any amount
 * @throws CheckpointError if the tensors exceed the limit, or the file is truncated or damaged
 */
export async function readTensors(
  source: ByteSource,
  refs: Iterable<TensorRef>,
  storages: ReadonlyMap<string, StoragePlace>,
  limit: number,
): Promise<Map<TensorRef, HostTensor>> {
  const byStorage = new Map<string, Map<string, TensorRef[]>>();
  let total = 0;
  for (const ref of refs) {
    const views = byStorage.get(ref.storage.key) ?? new Map<string, TensorRef[]>();
    byStorage.set(ref.storage.key, views);
    const view = `${ref.offset}|${ref.shape}|${ref.strides}|${ref.negative}`;
    const equals = views.get(view);
    if (equals) equals.push(ref);
    else {
      views.set(view, [ref]);
      total += bytesOf(ref);
    }
  }
  if (total > limit) {
    throw new CheckpointError(
      `${source.path}: its tensors would take ${total} bytes, more than ${limit}, because they repeat elements of the file; raise maxTensorBytes if that is intended.`,
    );
  }
  const tensors = new Map<TensorRef, HostTensor>();
  const placed = [...byStorage].flatMap(([key, views]) => {
    const place = storages.get(key);
    return place ? [{ key, views: [...views.values()], place }] : [];
  });
  placed.sort((a, b) => a.place.position - b.place.position);
  for (const { key, views, place } of placed) {
    const read = views.every(([ref]) => ref !== undefined && isContiguous(ref))
      ? await directReader(source, key, place)
      : await bufferedReader(source, key, place);
    for (const equals of views) {
      const [ref] = equals;
      if (!ref) continue;
      const tensor = await read(ref);
      if (ref.negative) negate(tensor);
      for (const equal of equals) tensors.set(equal, tensor);
    }
  }
  return tensors;
}

/**
 * Streams one tensor while the file is open. A view that is not row-major, or has the negative bit, is a
 * single chunk.
 *
 * @param limit maximum bytes of a view that is not row-major, since it may repeat elements
 * @throws CheckpointError, while reading, if the tensor exceeds the limit, or the file is truncated or
 * damaged
 */
export function streamTensor(
  source: ByteSource,
  ref: TensorRef,
  storages: ReadonlyMap<string, StoragePlace>,
  limit: number,
): TensorStream {
  const { dtype, shape, storage, offset } = ref;
  const place = storages.get(storage.key);
  const direct = place && !ref.negative && isContiguous(ref);
  return {
    dtype,
    shape,
    async *pieces() {
      if (direct) {
        yield* checkedPieces(source, storage.key, place, offset * bytesPerElement(dtype), bytesOf(ref));
        return;
      }
      const read = await readTensors(source, [ref], storages, limit);
      const tensor = read.get(ref);
      if (tensor) yield tensorBytes(tensor);
    },
  };
}

/** Reads a part of a storage. For the whole storage, verifies the checksum at the end. */
async function* checkedPieces(
  source: ByteSource,
  key: string,
  place: StoragePlace,
  begin: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const checked = place.crc32 !== undefined && length === place.bytes;
  let crc = 0;
  for await (const piece of readPieces(source, place.position + begin, length, `storage "${key}"`)) {
    if (checked) crc = await crc32Of(piece, crc);
    yield piece;
  }
  if (checked) checkCrc(source, key, place, crc);
}

type Reader = (ref: TensorRef) => Promise<HostTensor>;

/** Reads each view by itself, because none is larger than its result. */
async function directReader(source: ByteSource, key: string, place: StoragePlace): Promise<Reader> {
  return async (ref) => {
    const tensor = tensorFromBuffer({ dtype: ref.dtype, shape: ref.shape }, new ArrayBuffer(bytesOf(ref)));
    const bytes = tensorBytes(tensor);
    await readInto(
      source,
      bytes,
      place.position + ref.offset * bytesPerElement(ref.dtype),
      `storage "${key}"`,
    );
    if (place.crc32 !== undefined && bytes.byteLength === place.bytes) {
      checkCrc(source, key, place, await crc32Of(bytes));
    }
    return tensor;
  };
}

async function bufferedReader(source: ByteSource, key: string, place: StoragePlace): Promise<Reader> {
  const bytes = new Uint8Array(new ArrayBuffer(place.bytes));
  await readInto(source, bytes, place.position, `storage "${key}"`);
  if (place.crc32 !== undefined) checkCrc(source, key, place, await crc32Of(bytes));
  return async (ref) => gather(ref, bytes.buffer);
}

function checkCrc(source: ByteSource, key: string, { crc32 }: StoragePlace, found: number): void {
  if (crc32 === undefined || found === crc32) return;
  throw new CheckpointError(`${source.path} is damaged: storage "${key}" does not match its checksum.`);
}

function bytesOf({ dtype, shape }: TensorRef): number {
  return elementCount(shape) * bytesPerElement(dtype);
}

/** True if the elements of a view are contiguous in row-major order. */
function isContiguous({ shape, strides }: TensorRef): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 0;
    if (size === 0) return true;
    if (size > 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** out[i₀, i₁, …] = storage[offset + Σ iₖ·strideₖ], copied as bits so that NaN payloads survive. */
function gather(ref: TensorRef, storage: ArrayBuffer): HostTensor {
  const { dtype, shape, strides, offset } = ref;
  const width = bytesPerElement(dtype);
  // Copy 64-bit elements as 32-bit words, which avoids a bigint per element.
  const Words = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
  const out = new ArrayBuffer(bytesOf(ref));
  const [to, from] = [new Words(out), new Words(storage)];
  const words = width / Words.BYTES_PER_ELEMENT;
  const index = shape.map(() => 0);
  let element = offset;
  for (let at = 0; at < to.length; at += words) {
    for (let word = 0; word < words; word++) to[at + word] = from[element * words + word] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      element += step;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      element -= step * next;
      index[axis] = 0;
    }
  }
  return tensorFromBuffer({ dtype, shape }, out);
}

const SIGN_BITS = { 2: 0x8000, 4: 0x80000000 } as const;

/** Negates every element. For floats flips only the sign bit, so that NaN payloads survive. */
function negate(tensor: HostTensor): void {
  const { dtype, data } = tensor;
  if (data instanceof BigInt64Array) for (const [i, value] of data.entries()) data[i] = -value;
  else if (!dtype.includes('float')) for (const [i, value] of data.entries()) data[i] = -value;
  else if (data instanceof Uint16Array) for (const [i, bits] of data.entries()) data[i] = bits ^ SIGN_BITS[2];
  else {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    const step = bytesPerElement(dtype) / 4;
    for (let at = step - 1; at < words.length; at += step) words[at] = (words[at] ?? 0) ^ SIGN_BITS[4];
  }
}
