// @ts-check
// Number of parts that a kernel divides its work into, from its specification alone. Threads beyond that
// number are idle. The formulas are those of the sources named here; a test compares the constants.
import { bytesPerElement, channels, elements, rows } from '@inplace-abn/core';

/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

/** native/cpu/loops/rows.h */
export const ROWS = {
  kRowBytes: 2048,
  kMaxBlock: 2048,
  kMaxChunks: 64,
  kRun: 64,
  kChunkRows: 256,
  kFewestColumns: 64,
  kPairs: 32,
};
/** native/cpu/convolution/winograd_weights.cc, winograd_tiles.h and winograd_engine.h */
export const WINOGRAD = {
  kInputUnit: 16,
  kTransformCost: 8,
  kGroupUnit: 32,
  kGroupMegabytes: 4,
  kPoints: 36,
  kTile: 4,
};
/** Elements of a flat array that stay together: a cache line of float32 (native/cpu/loops/parallel.h). */
const GRAIN = 64;

/**
 * @param {KernelSpec} spec  of one of our kernels
 * @param {string} implementation
 * @param {number} threads  some kernels divide more finely where there are many
 * @returns {number | null} null if unknown, as for oneDNN's kernels
 */
export function workItems({ op, inputs, outputs }, implementation, threads) {
  const [x, y] = [inputs[0], outputs[0]];
  if (!x || !y) return null;
  if (implementation.startsWith('winograd')) {
    return op === 'conv2d_backward_weights' ? winogradShares(y, threads) : winogradTiles(y);
  }
  if (op === 'abn_stats' || op === 'abn_backward_reduce') return sumTasks(x, threads);
  if (op === 'abn_apply' || op === 'abn_backward_apply') return gridOf(x).wideRows;
  if (op === 'max_pool' || op === 'max_pool_backward' || op === 'color_transform') {
    return (y.shape[0] ?? 1) * (y.shape[2] ?? 1);
  }
  if (op === 'sgd' || op === 'add') return Math.ceil(elements(x.shape) / GRAIN);
  return null;
}

/** Rows and chunks of row_grid(), of a dense tensor. @param {TensorType} type */
function gridOf(type) {
  const most = Math.min(ROWS.kMaxBlock, ROWS.kRowBytes / bytesPerElement(type.dtype));
  const count = channels(type.shape);
  let repeat = 1;
  if (count < most) {
    repeat = Math.floor(most / count);
    const unit = ROWS.kPairs / gcd(count, ROWS.kPairs);
    if (repeat >= unit) repeat -= repeat % unit;
  }
  const width = repeat * count;
  const wideRows = Math.floor(rows(type.shape) / repeat);
  const blocks = Math.ceil(width / most);
  const block = Math.min(width, wholePairs(Math.ceil(width / blocks)));
  const pairs = Math.ceil(wideRows / (2 * ROWS.kChunkRows * blocks));
  const share = wideRows > ROWS.kRun ? Math.min(ROWS.kMaxChunks, 2 * pairs) : 1;
  const chunks = Math.ceil(wideRows / Math.max(1, Math.ceil(wideRows / share)));
  return { width, wideRows, blocks, block, chunks };
}

/**
 * @param {TensorType} type
 * @param {number} threads
 */
function sumTasks(type, threads) {
  const { width, blocks, block, chunks } = gridOf(type);
  if (chunks * blocks >= threads) return chunks * blocks;
  const columns = Math.ceil(width / Math.ceil(threads / chunks));
  return chunks * Math.ceil(width / Math.min(block, Math.max(ROWS.kFewestColumns, wholePairs(columns))));
}

/** @param {TensorType} y */
function winogradTiles({ shape: [images = 1, , height = 1, width = 1] }) {
  return images * Math.ceil(height / WINOGRAD.kTile) * Math.ceil(width / WINOGRAD.kTile);
}

/**
 * @param {TensorType} weights
 * @param {number} threads
 */
function winogradShares({ shape: [all = 1, inputs = 1] }, threads) {
  const { kInputUnit, kTransformCost, kGroupUnit, kGroupMegabytes, kPoints } = WINOGRAD;
  const most = Math.max(kGroupUnit, Math.floor((kGroupMegabytes * 2 ** 20) / (4 * kPoints * inputs)));
  const outputs = Math.min(all, inUnits(Math.ceil(all / Math.ceil(all / most)), kGroupUnit));
  let [shares, least] = [1, Number.POSITIVE_INFINITY];
  for (let byInputs = 1; byInputs <= threads; byInputs++) {
    const i = Math.min(inputs, inUnits(Math.ceil(inputs / byInputs), kInputUnit));
    const o = Math.min(outputs, inUnits(Math.ceil(outputs / Math.floor(threads / byInputs)), kGroupUnit));
    const cost = i * o + kTransformCost * (i + o);
    if (cost < least) [shares, least] = [Math.ceil(inputs / i) * Math.ceil(outputs / o), cost];
  }
  return shares;
}

/**
 * @param {number} size
 * @param {number} unit
 */
const inUnits = (size, unit) => Math.ceil(size / unit) * unit;

/** @param {number} columns */
const wholePairs = (columns) => inUnits(columns, ROWS.kPairs);

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));
