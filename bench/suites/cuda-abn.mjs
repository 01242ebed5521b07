// @ts-check
// The bandwidth of the CUDA ABN kernels (3 tensor passes forward, 5 backward) compared with a device copy of
// a tensor of that size (reads and writes both count), timed by device events. Also compares with PyTorch's
// batch_norm + leaky_relu on the same shapes. Tensors are far larger than the L2 cache.
import { byteLength } from '@inplace-abn/core';
import { cuda } from '@inplace-abn/cuda';
import { makeAbnKernels } from '../lib/abn-kernels.mjs';
import { Peer } from '../lib/peer.mjs';
import { median, significant } from '../lib/stats.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

const GIGABYTE = 1e9;
const WARM_UP = 3;
/** Elements per copied row. */
const ROW = 4096;
/** ResNet-50's layers, and channel counts that are not a multiple of the vector width. */
const SIDES = [
  { channels: 64, side: 112 },
  { channels: 256, side: 56 },
  { channels: 1000, side: 28 },
  { channels: 2048, side: 28 },
  { channels: 67, side: 112 },
];
const DIRECTIONS = /** @type {const} */ ([
  { name: 'forward', passes: 3 },
  { name: 'backward', passes: 5 },
]);

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 20, batch = 256, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const dtype of /** @type {const} */ (['float32', 'bfloat16', 'float16'])) {
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
 */
async function measure(x, rounds, say) {
  const bytes = byteLength(x);
  const kernels = makeAbnKernels(cuda(), x);
  const copied = await bandwidthOfCopy(bytes, rounds);
  const peer = await peerTimes(x, rounds, say);
  /** @type {Row[]} */
  const rows = [];
  for (const { name, passes } of DIRECTIONS) {
    kernels.reset();
    const seconds = [];
    for (let i = 0; i < WARM_UP + rounds; i++) {
      const each = await kernels.seconds(name);
      if (i >= WARM_UP) seconds.push(each);
    }
    const time = median(seconds);
    const reached = (passes * bytes) / time / GIGABYTE;
    const variant = `${name}, ${x.dtype}, C = ${x.shape[1]}, ${x.shape[2]}×${x.shape[3]}`;
    say(
      `${variant}: ${significant(reached)} GB/s of a copy's ${significant(copied)}, ${significant(time * 1e3)} ms`,
    );
    rows.push({
      name: 'cuda-abn',
      variant,
      ours: reached,
      peer: copied,
      ratio: reached / copied,
      unit: 'GB/s',
    });
    const theirs = peer?.[name];
    if (theirs !== undefined) {
      const versus = `${variant}, vs PyTorch`;
      const unit = 'ms';
      rows.push({
        name: 'cuda-abn',
        variant: versus,
        ours: time * 1e3,
        peer: theirs * 1e3,
        ratio: time / theirs,
        unit,
      });
    }
  }
  return rows;
}

/**
 * Bandwidth of the device's copies, the best of several turns: GB/s read and written.
 * @param {number} bytes
 * @param {number} rounds
 */
async function bandwidthOfCopy(bytes, rounds) {
  const device = cuda();
  /** @type {TensorType} */
  const type = { shape: [Math.ceil(bytes / (4 * ROW)), ROW], dtype: 'float32' };
  const copied = byteLength(type);
  // Concatenating a single tensor copies it.
  const kernel = device.prepare({ op: 'concat', attrs: {}, inputs: [type], outputs: [type] });
  const [from, to] = [device.allocate(copied), device.allocate(copied)];
  const executable = device.load([
    {
      kernel,
      inputs: [{ memory: from, offset: 0 }],
      outputs: [{ memory: to, offset: 0 }],
      workspace: null,
    },
  ]);
  const seconds = [];
  for (let i = 0; i < WARM_UP + rounds; i++) {
    const { timings } = await executable.run([], [], { begin: 0, end: 1 }, true);
    const [first] = timings;
    if (first && i >= WARM_UP) seconds.push(first.end - first.begin);
  }
  return (2 * copied) / median(seconds) / GIGABYTE;
}

/**
 * Seconds of PyTorch's two passes; undefined if it cannot run.
 * @param {TensorType} x
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
async function peerTimes(x, rounds, say) {
  try {
    const [n = 0, c = 0, side = 0] = x.shape;
    const args = ['--batch', n, '--channels', c, '--side', side, '--dtype', x.dtype, '--rounds', rounds];
    const peer = await Peer.start('cuda_abn.py', args);
    try {
      return await peer.fields('measure', ['forward', 'backward']);
    } finally {
      await peer.stop();
    }
  } catch (error) {
    say(`PyTorch: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
