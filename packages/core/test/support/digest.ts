/**
 * Digests: what a fixture stores of a large tensor, and the distance of a tensor from a digest.
 *
 *     [L2 norm, sum, dot with uniform("probe:" + name) in [-1, 1), up to 16 elements; fewer in a short one]
 *
 * The Python twin is tools/oracle/digest.py. Elements are in logical row-major order (O×I×H×W, N×C×H×W).
 */

import { integers, uniform } from './prng.js';

export type Digest = readonly number[];

const SAMPLES = 16;

/** Norm, sum and dot product precede the elements. */
const SUMS = 3;

/** Which elements a digest keeps: all of a small tensor, else `samples` drawn by name. */
export function sampleIndices(name: string, size: number, samples = SAMPLES): Int32Array {
  if (size <= samples) return Int32Array.from({ length: size }, (_, i) => i);
  return integers(`sample:${name}`, [samples], size);
}

/** The digest of a tensor, summed in float64. */
export function digest(name: string, tensor: ArrayLike<number>, count = SAMPLES): number[] {
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
  const samples = Array.from(sampleIndices(name, tensor.length, count), (i) => tensor[i] ?? Number.NaN);
  return [Math.sqrt(squares), sum, dot, ...samples];
}

/**
 * The relative error of a tensor, estimated from its digest: the largest of the digest's differences, each
 * scaled so that it compares with a relative tolerance for the whole tensor x. Infinite if a value is not
 * finite or the sizes differ.
 *
 * A random error of relative L2 norm e changes the norm by at most e·‖x‖, the sum by about e·‖x‖, the dot
 * product by about e·‖x‖/√3, and k of n elements, in L2, by about e·‖x‖·√(k/n). Each difference is divided by
 * that quantity over e, or by the value itself (for elements, their norm) if that is larger. Rounding errors
 * are not quite random: the sum accumulates their common part, so it is allowed three times as much.
 */
export function digestError(name: string, tensor: ArrayLike<number>, expected: Digest): number {
  const actual = digest(name, tensor, expected.length - SUMS);
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const [norm = Number.NaN, sum = Number.NaN, dot = Number.NaN] = expected;
  const differences = expected.map((e, k) => (actual[k] ?? Number.NaN) - e);
  const elements = expected.slice(SUMS);
  const elementScale = norm * Math.sqrt(elements.length / tensor.length);
  const errors = [
    relative(differences[0] ?? Number.NaN, norm),
    relative(differences[1] ?? Number.NaN, Math.max(Math.abs(sum), 3 * norm)),
    relative(differences[2] ?? Number.NaN, Math.max(Math.abs(dot), norm / Math.sqrt(3))),
    relative(Math.hypot(...differences.slice(SUMS)), Math.max(Math.hypot(...elements), elementScale)),
  ];
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors);
}

function relative(difference: number, scale: number): number {
  return difference === 0 ? 0 : Math.abs(difference) / Math.max(scale, Number.MIN_VALUE);
}
