/** Element types of tensors. `bfloat16` and `float16` are held in typed arrays as their 16 bits (Uint16Array). */
export type DType = DataDType | 'int32' | 'int64' | 'uint8';

/** What activations and their gradients may be. */
export type DataDType = 'float32' | 'bfloat16' | 'float16';

export function isDataDType(dtype: DType): dtype is DataDType {
  return dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16';
}

/** What a caller hands in and gets back for a tensor of each dtype. */
export type TypedArray = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

const BYTES: Record<DType, number> = { float32: 4, bfloat16: 2, float16: 2, int32: 4, int64: 8, uint8: 1 };

export function bytesPerElement(dtype: DType): number {
  return BYTES[dtype];
}

/** Views `bytes` (a copy if its offset is unaligned) as the typed array of `dtype`. */
export function viewAs(dtype: DType, bytes: Uint8Array): TypedArray {
  const aligned = bytes.byteOffset % BYTES[dtype] === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  const length = byteLength / BYTES[dtype];
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'bfloat16':
    case 'float16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'int64':
      return new BigInt64Array(buffer, byteOffset, length);
    case 'uint8':
      return new Uint8Array(buffer, byteOffset, length);
  }
}

export function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The dtype a typed array holds; of the two of 16 bits bfloat16. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Uint16Array) return 'bfloat16';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof BigInt64Array) return 'int64';
  return 'uint8';
}

/** Whether a typed array can be the elements of a tensor of `dtype`. */
export function holds(array: TypedArray, dtype: DType): boolean {
  return dtypeOf(array) === (dtype === 'float16' ? 'bfloat16' : dtype);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** float → bfloat16 bits, round to nearest even; NaN stays NaN. */
export function toBFloat16(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** bfloat16 bits → number. */
export function fromBFloat16(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratch[0] ?? 0;
}

const HIDDEN_FLOAT16 = 0x400;

/** float → float16 bits, round to nearest even; beyond 65504 infinity; NaN stays NaN. */
export function toFloat16(value: number): number {
  scratch[0] = value;
  const sign = ((scratchBits[0] ?? 0) >>> 16) & 0x8000;
  const size = Math.abs(scratch[0]);
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  // Its exponent, −14 for the subnormals; then the fraction in units of the last place, hidden bit included.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const units = roundEven(size * 2 ** (10 - exponent));
  const bits = (exponent + 14) * HIDDEN_FLOAT16 + units;
  return sign | Math.min(bits, 0x7c00);
}

/** float16 bits → number. */
export function fromFloat16(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction : fraction + HIDDEN_FLOAT16) * 2 ** (Math.max(exponent, 1) - 25);
}

/** The nearest integer, of two the even one. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest > 0.5 ? low + 1 : low;
  return low % 2 === 0 ? low : low + 1;
}

/** Elements as float64, whatever the dtype: what the reference device computes on. */
export function toFloat64(dtype: DType, array: TypedArray): Float64Array {
  if (dtype === 'bfloat16') return Float64Array.from(array as Uint16Array, fromBFloat16);
  if (dtype === 'float16') return Float64Array.from(array as Uint16Array, fromFloat16);
  if (array instanceof BigInt64Array) return Float64Array.from(array, Number);
  return Float64Array.from(array);
}

/** float64 elements rounded to `dtype`. */
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
