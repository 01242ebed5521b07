/**
 * Digests: what a fixture keeps of a large tensor, and how far a tensor is from one.
 *
 *     [L2 norm, sum, dot with uniform("probe:" + name) in [-1, 1), up to 16 elements]
 *
 * The Python twin is tools/oracle/digest.py. Elements are in logical row-major order (O×I×H×W, N×C×H×W).
 */

import { integers, uniform } from './prng.js';

export type Digest = readonly number[];

const SAMPLES = 16;

/** Which elements a digest keeps: all of a small tensor, else sixteen drawn by name. */
export function sampleIndices(name: string, size: number): Int32Array {
  if (size <= SAMPLES) return Int32Array.from({ length: size }, (_, i) => i);
  return integers(`sample:${name}`, [SAMPLES], size);
}

/** The digest of a tensor, summed in float64. */
export function digest(name: string, tensor: ArrayLike<number>): number[] {
  const probe = uniform(`probe:${name}`, [tensor.length], -1, 1);
  let squares = 0;
  let sum = 0;
  let dot = 0;
  for (let i = 0; i < tensor.length; i++) {
    const v = tensor[i] ?? Number.NaN;
    squares += v * v;
    sum += v;
    dot += v * (probe[i] ?? Number.NaN);
  }
  const samples = Array.from(sampleIndices(name, tensor.length), (i) => tensor[i] ?? Number.NaN);
  return [Math.sqrt(squares), sum, dot, ...samples];
}

/**
 * The largest of the digest's differences, each relative to what an error of that size would mean for the whole tensor.
 *
 * Were the tensor off by a vector of relative L2 norm e in a random direction, then the norm would be off by at most
 * e, the sum by about e·‖x‖, the dot product by about e·‖x‖/√3, and one element by about e·‖x‖/√n. Each difference is
 * divided by that, elements by the larger of |element| and ‖x‖/√n. So the result compares with a relative tolerance;
 * it is infinite where a value is not finite or the sizes differ.
 */
export function digestError(name: string, tensor: ArrayLike<number>, expected: Digest): number {
  const actual = digest(name, tensor);
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const norm = expected[0] ?? Number.NaN;
  const rms = norm / Math.sqrt(tensor.length);
  const tiny = Number.MIN_VALUE;
  const scales = [norm, norm, norm / Math.sqrt(3)];
  let worst = 0;
  expected.forEach((e, k) => {
    const difference = Math.abs((actual[k] ?? Number.NaN) - e);
    const scale = scales[k] ?? Math.max(Math.abs(e), rms);
    const relative = difference === 0 ? 0 : difference / Math.max(scale, tiny);
    worst = Number.isNaN(relative) ? Number.POSITIVE_INFINITY : Math.max(worst, relative);
  });
  return worst;
}
