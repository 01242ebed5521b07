// @ts-check
// Bandwidth of kernels compared with memcpy of an array of the same size on as many threads. Reads and writes
// both count.
import { byteLength, cpu } from '@inplace-abn/core';
import { startMemcpy } from './memcpy.mjs';
import { rowsInTurn } from './pairs.mjs';
import { PRECISIONS } from './training.mjs';

/** @typedef {import('./suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

/**
 * One or several kernels that make a pass over an array.
 * @typedef {object} Pass
 * @property {string} name
 * @property {() => Promise<number>} bandwidth  runs it several times and resolves to GB/s
 */

export const GIGABYTE = 1e9;
/** Passes over the array per turn: long enough for the clock, short enough to take turns. */
export const REPEATS = 10;

/**
 * A suite that measures `passesOf` each array in both precisions.
 * @param {string} suite
 * @param {readonly { channels: number, side: number }[]} sides
 * @param {(x: TensorType) => Pass[]} passesOf
 * @returns {(options: import('./suites.mjs').BenchOptions) => Promise<Row[]>}
 */
export function bandwidths(suite, sides, passesOf) {
  return async ({ steps = 15, batch = 16, limits, say }) => {
    /** @type {Row[]} */
    const rows = [];
    for (const dtype of PRECISIONS) {
      for (const { channels, side } of sides) {
        const x = { shape: [batch, channels, side, side], dtype };
        const measured = await measure(suite, x, passesOf(x), steps, say);
        const limit = limits && limits.bandwidth / GIGABYTE;
        rows.push(...measured.map((row) => ({ ...row, share: limit && row.ours / limit })));
      }
    }
    return rows;
  };
}

/**
 * Measures every pass and memcpy in turn.
 * @param {string} suite
 * @param {TensorType} x
 * @param {readonly Pass[]} passes
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function measure(suite, x, passes, rounds, say) {
  const memcpy = await startMemcpy(byteLength(x), cpu().threads, REPEATS);
  try {
    const copy = async () => (await memcpy.bandwidth()) / GIGABYTE;
    const shape = `${x.dtype}, C = ${x.shape[1]}, ${x.shape[2]}×${x.shape[3]}`;
    const sides = passes.map(({ name, bandwidth }) => ({ variant: `${name}, ${shape}`, run: bandwidth }));
    return await rowsInTurn(sides, copy, { name: suite, unit: 'GB/s', warmUp: 2, rounds, say });
  } finally {
    await memcpy.stop();
  }
}
