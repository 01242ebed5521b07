/** Element types of tensors. `bfloat16` is held in typed arrays as its 16 bits (Uint16Array). */
export type DType = 'float32' | 'bfloat16' | 'int32' | 'int64' | 'uint8';

/** What a caller hands in and gets back for a tensor of each dtype. */
export type TypedArray = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

const BYTES: Record<DType, number> = { float32: 4, bfloat16: 2, int32: 4, int64: 8, uint8: 1 };

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

/** The dtype a typed array holds. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Uint16Array) return 'bfloat16';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof BigInt64Array) return 'int64';
  return 'uint8';
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

/** Elements as float64, whatever the dtype: what the reference device computes on. */
export function toFloat64(dtype: DType, array: TypedArray): Float64Array {
  if (dtype === 'bfloat16') return Float64Array.from(array as Uint16Array, fromBFloat16);
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
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values, (value) => BigInt(Math.round(value))));
    case 'uint8':
      return Uint8Array.from(values);
  }
}
