// @ts-check
// Depthwise convolutions of mobile networks, 3×3 and 5×5, in all directions and both dtypes: the chosen
// kernel compared with oneDNN's own, in bytes of images per second. `share` is relative to a plain copy of as
// many bytes, timed in the same turns: the memory bound.
import { byteLength, cpu } from '@inplace-abn/core';
import { pairRow } from '../lib/pairs.mjs';
import { describe } from '../lib/stats.mjs';
import { takePairs } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */

const LAYERS = [
  { channels: 32, side: 112, window: 3, stride: 1 },
  { channels: 96, side: 112, window: 3, stride: 2 },
  { channels: 144, side: 56, window: 3, stride: 1 },
  { channels: 192, side: 28, window: 3, stride: 1 },
  { channels: 960, side: 7, window: 3, stride: 1 },
  { channels: 240, side: 28, window: 5, stride: 1 },
  { channels: 672, side: 14, window: 5, stride: 2 },
];
const DIRECTIONS = /** @type {const} */ (['forward', 'data', 'weights']);
const DTYPES = /** @type {const} */ (['float32', 'bfloat16']);

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 9, batch = 8, say }) {
  say(`batch ${batch}, ${cpu().threads} threads`);
  /** @type {Row[]} */
  const rows = [];
  for (const dtype of DTYPES) {
    for (const layer of LAYERS) {
      for (const direction of DIRECTIONS)
        rows.push(...(await measure(layer, direction, dtype, batch, steps, say)));
    }
  }
  return rows;
}

/**
 * @param {typeof LAYERS[number]} layer
 * @param {typeof DIRECTIONS[number]} direction
 * @param {typeof DTYPES[number]} dtype
 * @param {number} batch
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function measure(layer, direction, dtype, batch, rounds, say) {
  const { spec, bytes } = specOf(layer, direction, dtype, batch);
  const copied = { shape: [Math.ceil(bytes / 2 / 4096), 1024], dtype: /** @type {const} */ ('float32') };
  const own = loaded(spec);
  const speedOf = (/** @type {ReturnType<typeof loaded>} */ { seconds }) => {
    return async () => bytes / (await seconds()) / 1e9;
  };
  const others = [
    loaded({ ...spec, choice: 'onednn' }),
    loaded({ op: 'concat', attrs: {}, inputs: [copied], outputs: [copied] }),
  ];
  const onRepeat = () => say('unsteady, again');
  const pairs = await takePairs(speedOf(own), others.map(speedOf), { warmUp: 2, rounds, onRepeat });
  const { channels, side, window, stride } = layer;
  const variant = `${dtype}, ${direction}, C = ${channels}, ${side}×${side}/${stride}, ${window}×${window}`;
  const what = { name: 'depthwise', variant, unit: 'GB/s' };
  const list = pairs.map(
    ({ ours, theirs }, index) =>
      `ours ${describe(ours, what.unit)}, ${index === 0 ? 'oneDNN' : 'copy'} ${describe(theirs, what.unit)}`,
  );
  say(`${variant}, ${own.implementation}: ${list.join('; ')}`);
  const [row, copy] = pairs.map((pair) => pairRow(what, pair));
  return row ? [{ ...row, share: copy?.ratio }] : [];
}

/**
 * One direction of a layer, and the bytes of its images.
 * @param {typeof LAYERS[number]} layer
 * @param {typeof DIRECTIONS[number]} direction
 * @param {typeof DTYPES[number]} dtype
 * @param {number} batch
 */
function specOf({ channels, side, window, stride }, direction, dtype, batch) {
  const out = Math.ceil(side / stride);
  const padding = (window - 1) / 2;
  const attrs = {
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [1, 1],
    groups: channels,
  };
  /** @type {TensorType} */
  const x = { shape: [batch, channels, side, side], dtype };
  /** @type {TensorType} */
  const y = { shape: [batch, channels, out, out], dtype };
  /** @type {TensorType} */
  const w = { shape: [channels, 1, window, window], dtype: 'float32' };
  /** @type {KernelSpec} */
  const spec = {
    forward: { op: 'conv2d', attrs, inputs: [x, w], outputs: [y] },
    data: {
      op: 'conv2d_backward_data',
      attrs: { ...attrs, size: [side, side] },
      inputs: [y, w],
      outputs: [x],
    },
    weights: {
      op: 'conv2d_backward_weights',
      attrs: { ...attrs, kernel: [window, window] },
      inputs: [x, y],
      outputs: [w],
    },
  }[direction];
  return { spec, bytes: byteLength(x) + byteLength(y) };
}

/**
 * A kernel as a program on the CPU device.
 * @param {KernelSpec} spec
 */
function loaded(spec) {
  const device = cpu();
  const kernel = device.prepare(spec);
  const inputs = spec.inputs.map((type) => {
    if (!type) return null;
    const memory = device.allocate(byteLength(type));
    memory.write(0, numbers(type));
    return { memory, offset: 0 };
  });
  const outputs = spec.outputs.map((type) => ({ memory: device.allocate(byteLength(type)), offset: 0 }));
  const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
  const executable = device.load([{ kernel, inputs, outputs, workspace }]);
  return {
    implementation: kernel.implementation,
    async seconds() {
      const { timings } = await executable.run([], [], { begin: 0, end: 1 }, true);
      return timings[0] ? timings[0].end - timings[0].begin : Number.NaN;
    },
  };
}

/**
 * Numbers near 1, so that no sum is tiny and slow.
 * @param {TensorType} type
 */
function numbers(type) {
  const bytes = byteLength(type);
  const data =
    type.dtype === 'bfloat16'
      ? Uint16Array.from({ length: bytes / 2 }, (_, index) => 0x3f00 + (index % 97))
      : Float32Array.from({ length: bytes / 4 }, (_, index) => Math.sin(index * 0.7));
  return new Uint8Array(data.buffer);
}
