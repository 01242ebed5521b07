// @ts-check
// The bandwidth of ABN's kernels: bytes that must cross the memory bus (each operand once), compared with
// memcpy of an array of the same size on as many threads; reads and writes both count. Shapes are ResNet-50's
// at batch 16.
import { byteLength, cpu } from '@inplace-abn/core';
import { ACTIVATIONS, makeAbnKernels } from '../lib/abn-kernels.mjs';
import { bandwidths, GIGABYTE, REPEATS } from '../lib/bandwidth.mjs';

/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

const SIDES = [
  { channels: 64, side: 112 },
  { channels: 256, side: 56 },
  { channels: 2048, side: 7 },
];

export const run = bandwidths('abn', SIDES, (x) => ACTIVATIONS.flatMap((phi) => passesOf(x, phi)));

/**
 * The layer's two passes. Forward: statistics read x, normalization reads and writes it. Backward: sums read
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
    /** In GB/s. */
    bandwidth: async () => {
      kernels.reset();
      return moved / (await kernels.seconds(direction)) / GIGABYTE;
    },
  }));
}
