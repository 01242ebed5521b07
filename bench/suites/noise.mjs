// @ts-check
// Relative rounding error (root mean square) of float32 3×3 convolutions: Winograd's filtering (ours) and
// oneDNN's plain sums over channels-last images (peer), both against float64 sums for a sample of the
// results.
import { byteLength, cpu, dim } from '@inplace-abn/core';
import { minstd } from '../lib/images.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/** @typedef {(at: readonly number[]) => number} Element */

const LAYERS = [
  { channels: 64, side: 56 },
  { channels: 128, side: 28 },
  { channels: 256, side: 14 },
  { channels: 512, side: 7 },
];
const SAMPLES = 1000;
const WINDOW = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ batch = 4, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const { channels, side } of LAYERS) {
    for (const direction of directions(batch, channels, side)) {
      const [ours, peer] = [await errorOf(direction, 'winograd'), await errorOf(direction, 'onednn')];
      const variant = `${direction.name}, C = ${channels}, ${side}×${side}`;
      say(`${variant}: Winograd ${ours.toExponential(2)}, plain sums ${peer.toExponential(2)}`);
      rows.push({
        name: 'noise',
        variant,
        ours: ours * 1e7,
        peer: peer * 1e7,
        ratio: ours / peer,
        unit: '1e-7',
      });
    }
  }
  return rows;
}

/**
 * The three directions of a layer: a kernel, its operands' values, and the terms of a result.
 * @param {number} batch
 * @param {number} channels
 * @param {number} side
 */
function directions(batch, channels, side) {
  /** @type {TensorType} */
  const image = { shape: [batch, channels, side, side], dtype: 'float32' };
  /** @type {TensorType} */
  const weights = { shape: [channels, channels, 3, 3], dtype: 'float32' };
  const [x, w, dy] = [normals(image, 1), normals(weights, 2), normals(image, 3)];
  const [xs, dys] = [imageOf(image, x), imageOf(image, dy)];
  /** @type {(sign: 1 | -1) => (at: readonly number[]) => number} */
  const taps = (sign) => (at) => {
    const [n = 0, c = 0, down = 0, right = 0] = at;
    let sum = 0;
    for (let kh = 0; kh < 3; kh++) {
      for (let kw = 0; kw < 3; kw++) {
        for (let k = 0; k < channels; k++) {
          const [o, i] = sign > 0 ? [c, k] : [k, c];
          const weight = w[((o * channels + i) * 3 + kh) * 3 + kw] ?? 0;
          sum += xs([n, k, down + sign * (kh - 1), right + sign * (kw - 1)]) * weight;
        }
      }
    }
    return sum;
  };
  /** @type {(at: readonly number[]) => number} */
  const pixels = ([o = 0, c = 0, kh = 0, kw = 0]) => {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let down = 0; down < side; down++) {
        for (let right = 0; right < side; right++) {
          sum += xs([n, c, down + kh - 1, right + kw - 1]) * dys([n, o, down, right]);
        }
      }
    }
    return sum;
  };
  return [
    /** @type {const} */ ({
      name: 'forward',
      op: 'conv2d',
      attrs: WINDOW,
      types: [image, weights, image],
      data: [x, w],
      sum: taps(1),
    }),
    /** @type {const} */ ({
      name: 'data',
      op: 'conv2d_backward_data',
      attrs: { ...WINDOW, size: [side, side] },
      types: [image, weights, image],
      data: [x, w],
      sum: taps(-1),
    }),
    /** @type {const} */ ({
      name: 'weights',
      op: 'conv2d_backward_weights',
      attrs: { ...WINDOW, kernel: [3, 3] },
      types: [image, image, weights],
      data: [x, dy],
      sum: pixels,
    }),
  ];
}

/**
 * ‖found − exact‖ / ‖exact‖ over a sample of results.
 * @param {ReturnType<typeof directions>[number]} direction
 * @param {string} choice
 */
async function errorOf({ op, attrs, types: [a, b, result], data, sum }, choice) {
  const device = cpu();
  const kernel = device.prepare({ op, attrs, inputs: [a, b], outputs: [result], choice });
  if (kernel.choice?.name !== choice) throw new Error(`${op} by ${choice}: ${kernel.choice?.refusal}`);
  const inputs = [a, b].map((type, i) => {
    const memory = device.allocate(byteLength(type));
    memory.write(0, new Uint8Array((data[i] ?? new Float32Array()).buffer));
    return { memory, offset: 0 };
  });
  const output = { memory: device.allocate(byteLength(result)), offset: 0 };
  const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
  await device
    .load([{ kernel, inputs, outputs: [output], workspace }])
    .run([], [], { begin: 0, end: 1 }, false);
  const bytes = output.memory.read(0, byteLength(result));
  const found = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const random = minstd(7);
  const isImage = op !== 'conv2d_backward_weights';
  let [error, norm] = [0, 0];
  for (let i = 0; i < SAMPLES; i++) {
    const at = result.shape.map((size) => random() % size);
    const exact = sum(at);
    error += (elementOf(result, found, at, isImage) - exact) ** 2;
    norm += exact ** 2;
  }
  return Math.sqrt(error / norm);
}

/**
 * Reads elements of channels-last images, zero outside their borders.
 * @param {TensorType} type
 * @param {Float32Array} data
 * @returns {Element}
 */
function imageOf(type, data) {
  const [, , height = 0, width = 0] = type.shape;
  return (at) => {
    const [, , down = 0, right = 0] = at;
    const outside = down < 0 || right < 0 || down >= height || right >= width;
    return outside ? 0 : elementOf(type, data, at, true);
  };
}

/**
 * @param {TensorType} type
 * @param {Float32Array} data
 * @param {readonly number[]} at
 * @param {boolean} channelsLast
 */
function elementOf(type, data, at, channelsLast) {
  const [a = 0, b = 0, c = 0, d = 0] = at;
  const [, B, C, D] = [0, 1, 2, 3].map((axis) => dim(type.shape, axis));
  const index = channelsLast
    ? ((a * (C ?? 0) + c) * (D ?? 0) + d) * (B ?? 0) + b
    : ((a * (B ?? 0) + b) * (C ?? 0) + c) * (D ?? 0) + d;
  return data[index] ?? Number.NaN;
}

/**
 * Nearly normal numbers: sums of four uniform numbers.
 * @param {TensorType} type
 * @param {number} seed
 */
function normals(type, seed) {
  const random = minstd(seed);
  const uniform = () => random() / 2 ** 23 - 0.5;
  return Float32Array.from(
    { length: byteLength(type) / 4 },
    () => uniform() + uniform() + uniform() + uniform(),
  );
}
