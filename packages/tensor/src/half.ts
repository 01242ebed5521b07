import type { DType, HostDType, TensorArray, TypedArray } from './dtype.js';

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Converts to bfloat16 bits, rounding to nearest even; NaN stays NaN. */
export function toBFloat16(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Converts bfloat16 bits to a number. */
export function fromBFloat16(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratch[0] ?? 0;
}

const HIDDEN_FLOAT16 = 0x400;

/**
 * Converts to float16 bits, rounding to nearest even; NaN stays NaN, and values that round beyond 65504
 * become infinite.
 */
export function toFloat16(value: number): number {
  scratch[0] = value;
  const sign = ((scratchBits[0] ?? 0) >>> 16) & 0x8000;
  const size = Math.abs(scratch[0]);
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  // The exponent (−14 for subnormals), then the fraction in units of the last place, including the hidden
  // bit.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const units = roundEven(size * 2 ** (10 - exponent));
  const bits = (exponent + 14) * HIDDEN_FLOAT16 + units;
  return sign | Math.min(bits, 0x7c00);
}

/** Converts float16 bits to a number. */
export function fromFloat16(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction : fraction + HIDDEN_FLOAT16) * 2 ** (Math.max(exponent, 1) - 25);
}

/** Rounds to the nearest integer, ties to even. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest > 0.5 ? low + 1 : low;
  return low % 2 === 0 ? low : low + 1;
}

/** Elements as float64, the dtype of the reference device. */
export function toFloat64(dtype: HostDType, array: TensorArray): Float64Array {
  if (array instanceof Uint16Array)
    return Float64Array.from(array, dtype === 'float16' ? fromFloat16 : fromBFloat16);
  if (array instanceof BigInt64Array) return Float64Array.from(array, Number);
  return Float64Array.from(array);
}

/** Rounds float64 elements to `dtype`. */
export function fromFloat64(dtype: DType, values: Float64Array): TypedArray {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'bfloat16':
      return Uint16Array.from(values, toBFloat16);
    case 'float16':
      return Uint16Array.from(values, toFloat16);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values, (value) => BigInt(Math.round(value))));
    case 'uint8':
      return Uint8Array.from(values);
  }
}
