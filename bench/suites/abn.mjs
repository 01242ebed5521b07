// @ts-check
// The bandwidth of ABN's kernels: bytes that must cross the memory bus (each operand once), beside memcpy of an array
// of the same size, read and written bytes counted, on as many threads. Shapes are ResNet-50's at batch 16.
import { byteLength, cpu } from '@inplace-abn/core';
import { startMemcpy } from '../lib/memcpy.mjs';
import { describe, median } from '../lib/stats.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/** @typedef {{ memory: import('@inplace-abn/core').DeviceMemory, offset: number }} Location */

const GIGABYTE = 1e9;
/** Passes over the array in one turn: long enough for the clock, short enough to take turns. */
const REPEATS = 10;
const SIDES = [
  { channels: 64, side: 112 },
  { channels: 256, side: 56 },
  { channels: 2048, side: 7 },
];
const LAYER = { eps: 1e-5, scale: 'abs', activation: 'leaky_relu', slope: 0.01 };

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 15, batch = 16, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const dtype of /** @type {const} */ (['float32', 'bfloat16'])) {
    const refusal = cpu().refuses(dtype);
    if (refusal) {
      say(`${dtype}: not measured: ${refusal}`);
      continue;
    }
    for (const { channels, side } of SIDES) {
      rows.push(...(await measure({ shape: [batch, channels, side, side], dtype }, steps, say)));
    }
  }
  return rows;
}

/**
 * @param {TensorType} x
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function measure(x, rounds, say) {
  const bytes = byteLength(x);
  const [channels, side] = [x.shape[1] ?? 0, x.shape[2] ?? 0];
  const kernels = makeKernels(x);
  const memcpy = await startMemcpy(bytes, cpu().threads, REPEATS);
  try {
    // Forward: statistics read x, normalisation reads and writes it. Backward: sums read dz and z, dx reads both and
    // overwrites dz.
    const directions = [
      { name: 'forward', range: { begin: 0, end: 2 }, moved: 3 * bytes },
      { name: 'backward', range: { begin: 2, end: 4 }, moved: 5 * bytes },
    ];
    const contenders = directions.map(({ range, moved }) => async () => {
      kernels.reset();
      let seconds = 0;
      for (let repeat = 0; repeat < REPEATS; repeat++) seconds += await kernels.seconds(range);
      return (REPEATS * moved) / seconds / GIGABYTE;
    });
    const copy = async () => (await memcpy.bandwidth()) / GIGABYTE;
    const turns = await takeTurns([...contenders, copy], { warmUp: 2, rounds });
    const copied = turns[2] ?? [];
    return directions.map(({ name }, index) => {
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
 * The four kernels of a layer in training, in place, as a program on the CPU device.
 * @param {TensorType} x
 */
function makeKernels(x) {
  const device = cpu();
  const samples = x.shape.reduce((product, size) => product * size, 1) / (x.shape[1] ?? 1);
  /** @type {TensorType} */
  const vector = { shape: [x.shape[1] ?? 0], dtype: 'float32' };
  const block = (/** @type {TensorType} */ type) => ({
    memory: device.allocate(byteLength(type)),
    offset: 0,
  });
  const [z, dz] = [block(x), block(x)];
  const [mean, variance, weight, bias] = [block(vector), block(vector), block(vector), block(vector)];
  const [sumDy, sumDyXhat] = [block(vector), block(vector)];
  const affine = [vector, vector];
  const backward = [z, mean, variance, weight, bias];
  const instruction = (
    /** @type {KernelSpec} */ spec,
    /** @type {Location[]} */ inputs,
    /** @type {Location[]} */ outputs,
  ) => {
    const kernel = device.prepare(spec);
    const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
    return { kernel, inputs, outputs, workspace };
  };
  const statistics = 'batch';
  const executable = device.load([
    instruction({ op: 'abn_stats', attrs: {}, inputs: [x], outputs: affine }, [z], [mean, variance]),
    instruction(
      { op: 'abn_apply', attrs: { ...LAYER, statistics }, inputs: [x, ...affine, ...affine], outputs: [x] },
      backward,
      [z],
    ),
    instruction(
      {
        op: 'abn_backward_reduce',
        attrs: { ...LAYER, from: 'z' },
        inputs: [x, x, ...affine, ...affine],
        outputs: affine,
      },
      [dz, ...backward],
      [sumDy, sumDyXhat],
    ),
    instruction(
      {
        op: 'abn_backward_apply',
        attrs: { ...LAYER, from: 'z', statistics, count: samples },
        inputs: [x, x, ...affine, ...affine, ...affine],
        outputs: [x],
      },
      [dz, ...backward, sumDy, sumDyXhat],
      [dz],
    ),
  ]);
  const values = wave(x);
  weight.memory.write(0, bytesOf(new Float32Array(x.shape[1] ?? 0).fill(1)));
  return {
    /** Fresh values: a gradient that goes through the same layer again and again would overflow. */
    reset() {
      z.memory.write(0, values);
      dz.memory.write(0, values);
    },
    /** @param {{ begin: number, end: number }} range */
    async seconds(range) {
      const { timings } = await executable.run([], [], range, true);
      return timings.reduce((sum, { begin, end }) => sum + end - begin, 0);
    },
  };
}

/**
 * Values of both signs in the dtype of x.
 * @param {TensorType} x
 */
function wave(x) {
  const floats = Float32Array.from({ length: x.shape.reduce((a, b) => a * b, 1) }, (_, index) =>
    Math.sin(index * 0.7),
  );
  // The upper half of a float32 is the bfloat16 that truncation gives.
  return bytesOf(
    x.dtype === 'float32' ? floats : new Uint16Array(floats.buffer).filter((_, index) => index % 2 === 1),
  );
}

/** @param {Float32Array | Uint16Array} array */
function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
