import {
  bytesPerElement,
  type HostDType,
  type HostTensor,
  tensorBytes,
  tensorFromBuffer,
} from '@inplace-abn/tensor';
import { isHostTensor, type TensorContent } from '../tensor-stream.js';

/** Dtypes of weights that can be converted to one another. */
const FLOATS: readonly HostDType[] = ['float64', 'float32', 'float16', 'bfloat16'];

export function isFloat(dtype: HostDType): boolean {
  return FLOATS.includes(dtype);
}

/** True if `toFloat32` can convert `from` to `to`. */
export function isConvertible(from: HostDType, to: HostDType): boolean {
  return to === 'float32' && isFloat(from);
}

/**
 * Converts weights to float32: exact from float16 and bfloat16, rounded to nearest from float64.
 *
 * @param tensor its dtype must be {@link isConvertible} to float32
 */
export function toFloat32({ dtype, shape, data }: HostTensor): HostTensor<'float32'> {
  if (data instanceof Uint16Array) {
    const words = new Uint32Array(data.length);
    // bfloat16 is the upper half of a float32.
    for (let i = 0; i < words.length; i++) {
      const bits = data[i] ?? 0;
      words[i] = dtype === 'bfloat16' ? bits << 16 : float16Bits(bits);
    }
    return { dtype: 'float32', shape, data: new Float32Array(words.buffer) };
  }
  return { dtype: 'float32', shape, data: Float32Array.from(data, Number) };
}

/** Like `toFloat32` for host tensors and streams; a stream is converted chunk by chunk. */
export function asFloat32(tensor: TensorContent): TensorContent<'float32'> {
  return converted(tensor, 'float32', toFloat32);
}

/**
 * Restores a count that was converted to a float dtype together with the weights, rounded to an integer. A
 * count above 65504 is infinite in float16 and becomes 0, like a missing one.
 */
export function asCount(tensor: TensorContent): TensorContent<'int64'> {
  return converted(tensor, 'int64', (host) => {
    const { shape, data } = toFloat32(host);
    const whole = (value: number) => (Number.isFinite(value) ? BigInt(Math.round(value)) : 0n);
    return { dtype: 'int64', shape, data: BigInt64Array.from(data, whole) };
  });
}

function converted<D extends HostDType>(
  tensor: TensorContent,
  dtype: D,
  convert: (tensor: HostTensor) => HostTensor<D>,
): TensorContent<D> {
  if (isHostTensor(tensor)) return convert(tensor);
  const { shape } = tensor;
  return {
    dtype,
    shape,
    async *pieces() {
      for await (const piece of tensor.pieces()) {
        const { byteLength } = piece;
        const part = { dtype: tensor.dtype, shape: [byteLength / bytesPerElement(tensor.dtype)] };
        yield tensorBytes(convert(tensorFromBuffer(part, piece.slice().buffer)));
      }
    },
  };
}

/**
 * Converts float16 bits (1 sign, 5 exponent, 10 fraction; bias 15) to float32 bits (8 exponent; bias 127).
 */
function float16Bits(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal, fraction · 2⁻²⁴, is normal in float32: make the leading one of the fraction implicit.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
