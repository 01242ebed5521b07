// @ts-check
// The bandwidth of ABN's kernels: bytes that must cross the memory bus (each operand once), beside memcpy of an array
// of the same size, read and written bytes counted, on as many threads. Shapes are ResNet-50's at batch 16.
import { byteLength, cpu } from '@inplace-abn/core';
import { ACTIVATIONS, makeAbnKernels } from '../lib/abn-kernels.mjs';
import { startMemcpy } from '../lib/memcpy.mjs';
import { describe, median } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

const GIGABYTE = 1e9;
/** Passes over the array in one turn: long enough for the clock, short enough to take turns. */
const REPEATS = 10;
const SIDES = [
  { channels: 64, side: 112 },
  { channels: 256, side: 56 },
  { channels: 2048, side: 7 },
];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 15, batch = 16, limits, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const dtype of PRECISIONS) {
    for (const { channels, side } of SIDES) {
      const measured = await measure({ shape: [batch, channels, side, side], dtype }, steps, say);
      const limit = limits && limits.bandwidth / GIGABYTE;
      rows.push(...measured.map((row) => ({ ...row, share: limit && row.ours / limit })));
    }
  }
  return rows;
}

/**
 * Every activation and memcpy in turn.
 * @param {TensorType} x
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function measure(x, rounds, say) {
  const bytes = byteLength(x);
  const [channels, side] = [x.shape[1] ?? 0, x.shape[2] ?? 0];
  const runs = ACTIVATIONS.flatMap((phi) => passesOf(x, phi));
  const memcpy = await startMemcpy(bytes, cpu().threads, REPEATS);
  try {
    const copy = async () => (await memcpy.bandwidth()) / GIGABYTE;
    const turns = await takeTurns([...runs.map(({ bandwidth }) => bandwidth), copy], { warmUp: 2, rounds });
    const copied = turns[runs.length] ?? [];
    return runs.map(({ name }, index) => {
      const measured = turns[index] ?? [];
      const variant = `${name}, ${x.dtype}, C = ${channels}, ${side}×${side}`;
      say(`${variant}: ${describe(measured, 'GB/s')}, memcpy ${describe(copied, 'GB/s')}`);
      const [ours, peer] = [median(measured), median(copied)];
      return { name: 'abn', variant, ours, peer, ratio: ours / peer, unit: 'GB/s' };
    });
  } finally {
    await memcpy.stop();
  }
}

/**
 * The layer forwards and backwards. Forward: statistics read x, normalisation reads and writes it. Backward: sums read
 * dz and z, dx reads both and overwrites dz.
 * @param {TensorType} x
 * @param {{ activation: string, slope: number }} phi
 */
function passesOf(x, phi) {
  const bytes = byteLength(x);
  const kernels = makeAbnKernels(cpu(), x, phi, REPEATS);
  const passes = /** @type {const} */ ([
    { direction: 'forward', moved: 3 * bytes },
    { direction: 'backward', moved: 5 * bytes },
  ]);
  return passes.map(({ direction, moved }) => ({
    name: `${direction}, ${phi.activation}`,
    /** Bytes a second, in GB. */
    bandwidth: async () => {
      kernels.reset();
      return moved / (await kernels.seconds(direction)) / GIGABYTE;
    },
  }));
}
