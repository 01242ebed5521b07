/** Checks the results of every host collective, as jobs/collectives.mjs returns them. */
import { expect } from 'vitest';

export interface CollectiveResults {
  readonly sums: readonly [Int32Array, Float32Array, Float64Array];
  readonly gathered: readonly Uint8Array[];
  readonly told: unknown;
  readonly everyone: unknown;
  readonly perNode: number;
}

/** The bytes of only this array: several arrays of a message share a buffer. */
export const bytesOf = (array: ArrayBufferView | undefined) =>
  Buffer.from(array?.buffer ?? new ArrayBuffer(0), array?.byteOffset, array?.byteLength);

/** Checks the results of all ranks for vectors of `length` elements. */
export function expectCollectives(results: readonly CollectiveResults[], length: number): void {
  const ranks = results.map((_, rank) => rank);
  const total = (of: (rank: number) => number) => ranks.reduce((sum, rank) => sum + of(rank), 0);
  const [first] = results;
  for (const { sums, gathered, told, everyone } of results) {
    const [integers, floats, doubles] = sums;
    expect(integers.length).toBe(length);
    const wrong = integers.findIndex((value, i) => value !== total((rank) => i * (rank + 1)));
    expect(wrong).toBe(-1);
    const off = (i: number) => Math.abs((floats[i] ?? 0) - total((rank) => Math.fround(Math.sin(i + rank))));
    expect(floats.findIndex((_, i) => !(off(i) < 1e-6))).toBe(-1);
    expect(
      doubles.findIndex((value, i) => Math.abs(value - total((rank) => 1 / (i + rank + 1))) > 1e-14),
    ).toBe(-1);
    // Deep equality of numbers is a hundred times slower.
    for (const [i, sum] of sums.entries()) expect(bytesOf(sum).equals(bytesOf(first?.sums[i]))).toBe(true);
    expect(gathered.map((bytes) => bytes.length)).toEqual(ranks.map((rank) => rank * length));
    expect(gathered.every((bytes, rank) => bytes.every((byte) => byte === rank))).toBe(true);
    expect(told).toEqual({ from: results.length - 1, text: 'ä' });
    expect(everyone).toEqual(ranks.map((rank) => [rank, `rank ${rank}`]));
  }
}
