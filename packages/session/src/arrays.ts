/** Converts a caller's typed arrays to the inputs of a step. */
import { UsageError } from '@inplace-abn/core';
import {
  arrayName,
  type DType,
  elements,
  formatType,
  holds,
  type TensorArray,
  type TensorType,
  type TypedArray,
} from '@inplace-abn/tensor';

/**
 * The number of samples, which must be the same in all arrays.
 *
 * @param samples type of one sample of each array
 * @throws UsageError if an array is missing, of another dtype, empty, or not a whole number of samples
 */
export function batchOf(
  method: string,
  arrays: ReadonlyMap<string, TypedArray>,
  samples: ReadonlyMap<string, TensorType>,
): number {
  checkNames(method, arrays, samples);
  let batch: number | null = null;
  for (const [name, sample] of samples) {
    const size = samplesIn(`${method}: ${name}`, arrays.get(name), sample);
    batch ??= size;
    if (size === batch) continue;
    throw new UsageError(
      `${method}: expected the same number of samples of each input but received ${batch} and ${size} of ${name}`,
      {
        code: 'ERR_SHAPE',
      },
    );
  }
  return batch ?? 0;
}

function samplesIn(what: string, data: TypedArray | undefined, { shape, dtype }: TensorType): number {
  const array = checked(what, data, dtype);
  if (array.length === 0) {
    throw new UsageError(`${what}: the batch is empty: pass at least one sample`, {
      code: 'ERR_EMPTY_BATCH',
    });
  }
  const size = elements(shape);
  if (array.length % size === 0) return array.length / size;
  throw new UsageError(
    `${what}: expected whole samples of ${shape.join('×')} (${size} elements each) but received ${array.length} elements`,
    { code: 'ERR_SHAPE' },
  );
}

/**
 * Checks the targets of a batch.
 *
 * @throws UsageError if one is missing, of another dtype, or of another length
 */
export function checkTargets(
  method: string,
  arrays: ReadonlyMap<string, TypedArray>,
  types: ReadonlyMap<string, TensorType>,
): void {
  checkNames(method, arrays, types);
  for (const [name, type] of types) {
    const what = `${method}: ${name}`;
    const array = checked(what, arrays.get(name), type.dtype);
    if (array.length === elements(type.shape)) continue;
    throw new UsageError(
      `${what}: expected ${formatType(type)} for a batch of ${type.shape[0]} but received ${array.length} elements`,
      { code: 'ERR_SHAPE' },
    );
  }
}

function checkNames(
  method: string,
  arrays: ReadonlyMap<string, unknown>,
  types: ReadonlyMap<string, unknown>,
): void {
  const wanted = [...types.keys()];
  if (wanted.length === arrays.size && wanted.every((name) => arrays.has(name))) return;
  throw new UsageError(
    `${method}: expected ${wanted.join(', ')} but received ${[...arrays.keys()].join(', ') || 'none'}`,
    {
      code: 'ERR_INPUT_NAME',
    },
  );
}

function checked(what: string, data: unknown, dtype: DType): TypedArray {
  if (isTensorArray(data) && holds(data, dtype)) return data;
  const received = ArrayBuffer.isView(data) ? data.constructor.name : String(data);
  throw new UsageError(
    `${what}: expected ${arrayName(dtype)} (${dtype}) but received ${received}: convert it, or declare its dtype in the Session`,
    { code: 'ERR_DTYPE' },
  );
}

function isTensorArray(data: unknown): data is TensorArray {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

/** Throws UsageError, code ERR_NOT_FINITE_INPUT, at the first element that is not finite. */
export function checkFinite(
  method: string,
  arrays: ReadonlyMap<string, TypedArray>,
  samples: ReadonlyMap<string, TensorType>,
): void {
  for (const [name, data] of arrays) {
    if (!(data instanceof Float32Array)) continue;
    const index = data.findIndex((value) => !Number.isFinite(value));
    if (index < 0) continue;
    const { shape = [] } = samples.get(name) ?? {};
    const sample = Math.floor(index / elements(shape));
    throw new UsageError(
      `${method}: sample ${sample} of ${name} holds ${data[index]}: every input must be finite`,
      { code: 'ERR_NOT_FINITE_INPUT' },
    );
  }
}

/** Arrays by the names of a graph's inputs or outputs. */
export type StepArrays = ReadonlyMap<string, TypedArray>;

export interface Batch {
  readonly samples: number;
  readonly x: StepArrays;
  readonly y: StepArrays;
}

/**
 * Divides a batch into parts that differ by at most one sample, the larger ones last.
 *
 * @throws UsageError for fewer samples than parts, or if samples have different numbers of targets
 */
export function partsOf(batch: Batch, parts: number): Batch[] {
  const { samples, x, y } = batch;
  if (parts === 1) return [batch];
  if (samples < parts) {
    throw new UsageError(`train: ${samples} samples cannot be divided into ${parts} parts (accumulate)`, {
      code: 'ERR_SHAPE',
    });
  }
  checkWhole(batch);
  let end = 0;
  return Array.from({ length: parts }, (_, part) => {
    const size = partSize(samples, parts, part);
    const begin = end;
    end += size;
    return { samples: size, x: cut(x, samples, begin, size), y: cut(y, samples, begin, size) };
  });
}

/** Throws UsageError if samples have different numbers of targets. */
export function checkWhole({ samples, y }: Batch): void {
  for (const [name, { length }] of y) {
    if (length % samples === 0) continue;
    throw new UsageError(
      `train: expected targets for ${samples} samples but received ${length} elements of ${name}`,
      { code: 'ERR_SHAPE' },
    );
  }
}

/** Samples of one part of a batch. */
export function partSize(samples: number, parts: number, index: number): number {
  return Math.floor((samples + index) / parts);
}

/** Takes `size` samples, from `begin` on, of arrays with `samples` samples. */
export function cut(arrays: StepArrays, samples: number, begin: number, size: number): StepArrays {
  return new Map(
    [...arrays].map(([name, data]) => {
      const each = data.length / samples;
      return [name, data.subarray(begin * each, (begin + size) * each)];
    }),
  );
}
