import type { HostTensor, TensorStream } from '@inplace-abn/checkpoint';
import { type DType, UsageError } from '@inplace-abn/core';

/** A tensor that a state of a network can be: on the host, or read piece by piece from a file. */
export type StateTensor = HostTensor | TensorStream<DType>;

/** States by name, in memory or in files. */
export type StateTensors = ReadonlyMap<string, StateTensor>;

/**
 * A float32 tensor whose slices along the first axis are multiplied by `factors`. A stream stays one: it is
 * multiplied as it is read.
 */
export function scaleChannels(name: string, tensor: StateTensor, factors: Float32Array): StateTensor {
  const { dtype, shape } = tensor;
  if (dtype !== 'float32' || shape[0] !== factors.length) {
    throw new UsageError(
      `${name}: expected float32 with ${factors.length} channels on its first axis but received ${dtype} [${shape.join(', ')}]`,
    );
  }
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const scaled = (data: Float32Array, first: number): Float32Array =>
    data.map((value, index) => times(value, factors[Math.floor((first + index) / size)] ?? 1));
  if ('data' in tensor) {
    const { data } = tensor;
    return data instanceof Float32Array ? { dtype, shape, data: scaled(data, 0) } : tensor;
  }
  return {
    dtype,
    shape,
    async *pieces() {
      let first = 0;
      for await (const piece of tensor.pieces()) {
        const data = new Float32Array(piece.slice().buffer);
        const next = scaled(data, first);
        first += data.length;
        yield new Uint8Array(next.buffer);
      }
    },
  };
}

/** A factor of one or minus one changes no bit but the sign, of a NaN neither. */
function times(value: number, factor: number): number {
  return factor === 1 ? value : factor === -1 ? -value : value * factor;
}
