import type { DType, HostDType, TensorArray, TypedArray } from './dtype.js';

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * Bits of the nearest bfloat16 of a number, ties to even. NaN stays NaN; a number is rounded to float32
 * first.
 */
export function toBFloat16(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The number that bfloat16 bits, 0 to 65535, stand for. Exact. */
export function fromBFloat16(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratch[0] ?? 0;
}

const HIDDEN_FLOAT16 = 0x400;

/**
 * Bits of the nearest float16 of a number, ties to even. NaN stays NaN; a number is rounded to float32 first;
 * one that rounds beyond 65504 becomes infinite.
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

/** The number that float16 bits, 0 to 65535, stand for. Exact. */
export function fromFloat16(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction : fraction + HIDDEN_FLOAT16) * 2 ** (Math.max(exponent, 1) - 25);
}

/** Bits of the exponent, which are all set in infinity and NaN. */
const EXPONENT: Partial<Record<DType, number>> = { bfloat16: 0x7f80, float16: 0x7c00 };

/** Whether data of a dtype, in the array of that dtype, have an infinity or a NaN; integers never do. */
export function hasNonFinite(data: TypedArray, dtype: DType): boolean {
  if (data instanceof Float32Array) return data.some((value) => !Number.isFinite(value));
  const exponent = EXPONENT[dtype];
  return exponent !== undefined && data.some((bits) => (Number(bits) & exponent) === exponent);
}

/** Rounds to the nearest integer, ties to even. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest > 0.5 ? low + 1 : low;
  return low % 2 === 0 ? low : low + 1;
}

/**
 * Elements widened to float64, the dtype of the reference device; exact except for int64 beyond 2⁵³.
 *
 * @param dtype of the array, which tells float16 from bfloat16
 */
export function toFloat64(dtype: HostDType, array: TensorArray): Float64Array {
  if (array instanceof BigInt64Array) return Float64Array.from(array, Number);
  // Copying the typed array takes a twentieth of the time of from(), which uses its iterator.
  const values = new Float64Array(array);
  if (array instanceof Uint16Array) convert(values, values, dtype === 'float16' ? fromFloat16 : fromBFloat16);
  return values;
}

/**
 * Elements rounded to `dtype`. Float dtypes round to nearest even (the half dtypes by way of float32), int64
 * rounds to the nearest integer; int32 and uint8 drop the fraction and wrap around.
 *
 * @throws RangeError for int64 of a value that is not finite
 */
export function fromFloat64(dtype: DType, values: Float64Array): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(values);
    case 'bfloat16':
      return convert(new Uint16Array(values.length), values, toBFloat16);
    case 'float16':
      return convert(new Uint16Array(values.length), values, toFloat16);
    case 'int32':
      return new Int32Array(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values, (value) => BigInt(Math.round(value))));
    case 'uint8':
      return new Uint8Array(values);
  }
}

function convert<T extends Uint16Array | Float64Array>(
  to: T,
  from: Float64Array,
  element: (value: number) => number,
): T {
  for (let i = 0; i < from.length; i++) to[i] = element(from[i] ?? 0);
  return to;
}
