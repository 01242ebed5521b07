/** From a caller's typed arrays to the inputs of a step. */
import { type DType, dtypeOf, elements, type Shape, type TypedArray, UsageError } from '@inplace-abn/core';

/** Samples that an array holds. Throws UsageError where it is of another dtype, empty, or not a whole number of samples. */
export function batchOf(data: TypedArray, { shape, dtype }: { shape: Shape; dtype: DType }): number {
  if (!(ArrayBuffer.isView(data) && dtypeOf(data) === dtype)) {
    const received = ArrayBuffer.isView(data) ? dtypeOf(data) : typeof data;
    throw new UsageError(
      `expected a batch of ${dtype} but received ${received}: convert it, or set input.dtype`,
    );
  }
  const size = elements(shape);
  if (data.length > 0 && data.length % size === 0) return data.length / size;
  throw new UsageError(
    `expected whole samples of ${shape.join('×')} (${size} elements each) but received ${data.length} elements`,
  );
}

/** Throws UsageError at the first element that is not finite. */
export function checkFinite(data: TypedArray, { shape }: { shape: Shape }): void {
  if (!(data instanceof Float32Array)) return;
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  const sample = Math.floor(index / elements(shape));
  throw new UsageError(`sample ${sample} of the batch holds ${data[index]}: every input must be finite`);
}
