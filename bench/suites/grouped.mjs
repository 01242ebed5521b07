// @ts-check
// ResNeXt's grouped 3×3 convolutions (64 groups): forward, backward by data and backward by weights, compared
// with the faster of PyTorch's two memory formats.
import { byteLength, cpu } from '@inplace-abn/core';
import { pairRow } from '../lib/pairs.mjs';
import { Peer } from '../lib/peer.mjs';
import { describe } from '../lib/stats.mjs';
import { takePairs } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

const GROUPS = 64;
const LAYERS = [
  { channels: 128, side: 56, stride: 1 },
  { channels: 256, side: 56, stride: 2 },
  { channels: 256, side: 28, stride: 1 },
  { channels: 512, side: 28, stride: 2 },
  { channels: 512, side: 14, stride: 1 },
  { channels: 1024, side: 14, stride: 2 },
  { channels: 1024, side: 7, stride: 1 },
];
const DIRECTIONS = /** @type {const} */ (['forward', 'data', 'weights']);
const FORMATS = ['channels_last', 'contiguous_format'];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 9, batch = 16, limits, say }) {
  const best = limits?.products.float32;
  /** @type {Row[]} */
  const rows = [];
  const peer = await Peer.start('grouped_convolution.py', ['--threads', cpu().threads, '--groups', GROUPS]);
  try {
    say(`float32, batch ${batch}, ${cpu().threads} threads each; ${peer.versions}`);
    for (const layer of LAYERS) {
      for (const direction of DIRECTIONS) {
        const row = await measure(peer, layer, direction, batch, steps, say);
        rows.push({ ...row, share: best && (row.ours * 1e9) / best });
      }
    }
  } finally {
    await peer.stop();
  }
  return rows;
}

/**
 * @param {Peer} peer
 * @param {typeof LAYERS[number]} layer
 * @param {typeof DIRECTIONS[number]} direction
 * @param {number} batch
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
async function measure(peer, layer, direction, batch, rounds, say) {
  const { channels, side, stride } = layer;
  const kernel = makeKernel(layer, direction, batch);
  const gflops = async (/** @type {Promise<number>} */ seconds) => kernel.flops / (await seconds) / 1e9;
  const theirs = FORMATS.map((format) => {
    const request = `${direction} ${format} ${batch} ${channels} ${side} ${stride}`;
    return () => gflops(peer.ask(request, 'seconds'));
  });
  const variant = `${direction}, C = ${channels}, ${side}×${side}/${stride}`;
  const what = { name: 'grouped', variant, unit: 'GFLOP/s' };
  const onRepeat = () => say('unsteady, again');
  const pairs = await takePairs(() => gflops(kernel.seconds()), theirs, { warmUp: 2, rounds, onRepeat });
  const list = pairs.map(
    ({ ours, theirs }, index) =>
      `ours ${describe(ours, what.unit)}, ${FORMATS[index]} ${describe(theirs, what.unit)}`,
  );
  say(`${variant}, ${kernel.implementation}: ${list.join('; ')}`);
  const rows = pairs.map((pair) => pairRow(what, pair));
  return rows.reduce((best, row) => (row.peer > best.peer ? row : best));
}

/**
 * One direction of a layer as a program on the CPU device.
 * @param {typeof LAYERS[number]} layer
 * @param {typeof DIRECTIONS[number]} direction
 * @param {number} batch
 */
function makeKernel({ channels, side, stride }, direction, batch) {
  const device = cpu();
  const size = side / stride;
  const window = { stride: [stride, stride], padding: [1, 1], dilation: [1, 1], groups: GROUPS };
  /** @type {TensorType} */
  const x = { shape: [batch, channels, side, side], dtype: 'float32' };
  /** @type {TensorType} */
  const y = { shape: [batch, channels, Math.ceil(size), Math.ceil(size)], dtype: 'float32' };
  /** @type {TensorType} */
  const w = { shape: [channels, channels / GROUPS, 3, 3], dtype: 'float32' };
  /** @type {import('@inplace-abn/core').KernelSpec} */
  const spec = {
    forward: { op: /** @type {const} */ ('conv2d'), attrs: window, inputs: [x, w], outputs: [y] },
    data: {
      op: /** @type {const} */ ('conv2d_backward_data'),
      attrs: { ...window, size: [side, side] },
      inputs: [y, w],
      outputs: [x],
    },
    weights: {
      op: /** @type {const} */ ('conv2d_backward_weights'),
      attrs: { ...window, kernel: [3, 3] },
      inputs: [x, y],
      outputs: [w],
    },
  }[direction];
  const kernel = device.prepare(spec);
  const inputs = [spec.inputs[0] ?? x, spec.inputs[1] ?? w].map((type) => {
    const memory = device.allocate(byteLength(type));
    memory.write(0, wave(byteLength(type) / 4));
    return { memory, offset: 0 };
  });
  const outputs = [{ memory: device.allocate(byteLength(spec.outputs[0] ?? y)), offset: 0 }];
  const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
  const executable = device.load([{ kernel, inputs, outputs, workspace }]);
  return {
    implementation: kernel.implementation,
    flops: 2 * 9 * (channels / GROUPS) * y.shape.reduce((a, b) => a * b, 1),
    async seconds() {
      const { timings } = await executable.run([], [], { begin: 0, end: 1 }, true);
      return timings[0] ? timings[0].end - timings[0].begin : Number.NaN;
    },
  };
}

/** @param {number} count */
function wave(count) {
  const floats = Float32Array.from({ length: count }, (_, index) => Math.sin(index * 0.7));
  return new Uint8Array(floats.buffer);
}
