/**
 * Deterministic numbers, identical in TypeScript and Python, so that fixtures need no stored weights or
 * inputs.
 *
 * A counter-based generator: number `index` of the stream `name` is a hash of both. The Python twin, which
 * also states the formulas, is tools/oracle/prng.py; support.test.ts checks that the two agree.
 */

const utf8 = new TextEncoder();

/** FNV-1a (32 bit) of the name's UTF-8 bytes. */
export function streamKey(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of utf8.encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/** MurmurHash3's last mixing. */
function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A function from an index (below 2³²) to the 32-bit hash of the stream at that index. */
export function bits(name: string): (index: number) => number {
  const key = streamKey(name);
  const second = mix(key ^ 0x5bd1e995);
  return (index) => mix(mix((Math.imul(index, 0x9e3779b9) + key) | 0) ^ second) >>> 0;
}

function unit(name: string): (index: number) => number {
  const hash = bits(name);
  return (index) => (hash(index) >>> 8) / 2 ** 24;
}

/** Uniform float32 values in [lo, hi], row-major. */
export function uniform(name: string, shape: readonly number[], lo = 0, hi = 1): Float32Array {
  const u = unit(name);
  return filled(new Float32Array(sizeOf(shape)), (i) => lo + (hi - lo) * u(i));
}

/**
 * Nearly normal float32 values: a centered sum of four uniform numbers, with the given mean and deviation.
 */
export function normal(name: string, shape: readonly number[], mean = 0, std = 1): Float32Array {
  const u = unit(name);
  const out = new Float32Array(sizeOf(shape));
  for (let i = 0; i < out.length; i++) {
    const total = u(4 * i) + u(4 * i + 1) + u(4 * i + 2) + u(4 * i + 3);
    out[i] = mean + std * ((total - 2) * Math.sqrt(3));
  }
  return out;
}

/** Integers in [0, bound), row-major. */
export function integers(name: string, shape: readonly number[], bound: number): Int32Array {
  const u = unit(name);
  return filled(new Int32Array(sizeOf(shape)), (i) => Math.floor(u(i) * bound));
}

/** Bytes: the top eight bits of each hash, row-major. */
export function bytes(name: string, shape: readonly number[]): Uint8Array {
  const hash = bits(name);
  return filled(new Uint8Array(sizeOf(shape)), (i) => hash(i) >>> 24);
}

/**
 * The starting value of a network's parameter, decided by its name and rank alone.
 *
 * Rank 4 (convolution, O×I×H×W): normal with deviation √(2 / fan-in). Rank 2 (linear, O×I): uniform within
 * 1/√(fan-in). Rank 1 `.weight` (γ): 1 ± 0.2, about one in eight negative; 0.3 of that for `.bn3.weight`, the
 * last layer of a bottleneck, which keeps deep networks well conditioned. Rank 1 `.bias`: uniform within 0.1.
 */
export function parameter(name: string, shape: readonly number[]): Float32Array {
  const [d0 = 1, d1 = 1, d2 = 1, d3 = 1] = shape;
  if (shape.length === 4) return normal(name, shape, 0, Math.sqrt(2 / (d1 * d2 * d3)));
  if (shape.length === 2) {
    const bound = 1 / Math.sqrt(d1);
    return uniform(name, shape, -bound, bound);
  }
  if (shape.length === 1 && name.endsWith('.weight')) {
    const sign = unit(`${name}:sign`);
    const magnitude = name.endsWith('.bn3.weight')
      ? uniform(name, [d0], 0.24, 0.36)
      : uniform(name, [d0], 0.8, 1.2);
    return magnitude.map((v, i) => (sign(i) < 0.125 ? -v : v));
  }
  if (shape.length === 1 && name.endsWith('.bias')) return uniform(name, shape, -0.1, 0.1);
  throw new Error(`no rule for the parameter ${name} of shape ${shape.join('×')}`);
}

function filled<T extends Float32Array | Int32Array | Uint8Array>(
  array: T,
  at: (index: number) => number,
): T {
  for (let i = 0; i < array.length; i++) array[i] = at(i);
  return array;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
