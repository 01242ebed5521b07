// @ts-check
// The bandwidth of elementwise kernels and sums: bytes of operands and results, each once, compared with
// memcpy of an array of the same size on as many threads; reads and writes both count. Kernels work in place,
// as in plans.
import { byteLength, cpu } from '@inplace-abn/core';
import { bandwidths, GIGABYTE, REPEATS } from '../lib/bandwidth.mjs';

/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} program
 * @property {(n: number, c: number) => number[][]} [operands]  shapes of operands in addition to x
 * @property {(n: number, c: number) => number[]} [sum]  shape of the result, for sums
 */

const SIDES = [
  { channels: 64, side: 112 },
  { channels: 2048, side: 7 },
];

/** Typical expressions of gated networks and losses. @type {Case[]} */
const CASES = [
  { name: 'x·gate', program: 'mul(x0,x1)', operands: (n, c) => [[n, c]] },
  {
    name: 'chain of five',
    program: 'mul(x0,x1) sub(t0,x2) mul(t1,t1) mul(t2,0.5) abs(t3)',
    operands: (n, c) => [[n, c], [c]],
  },
  { name: 'silu', program: 'sigmoid(x0) mul(x0,t0)' },
  { name: 'tanh', program: 'tanh(x0)' },
  { name: 'Σ x²', program: 'mul(x0,x0)', sum: () => [] },
  { name: 'Σ x for each channel', program: 'x0', sum: (_, c) => [c] },
  { name: 'Σ x² for each image and channel', program: 'mul(x0,x0)', sum: (n, c) => [n, c] },
];

export const run = bandwidths('elementwise', SIDES, (x) =>
  CASES.map((each) => ({ name: each.name, bandwidth: kernelOf(x, each) })),
);

/**
 * Runs a case several times in sequence and returns its GB/s.
 * @param {TensorType} x
 * @param {Case} each
 */
function kernelOf(x, { program, operands, sum }) {
  const device = cpu();
  const [n = 1, c = 1] = x.shape;
  const others = (operands?.(n, c) ?? []).map((shape) => ({ shape, dtype: x.dtype }));
  /** @type {TensorType} */
  const out = sum ? { shape: sum(n, c), dtype: 'float32' } : x;
  const attrs = { program, domain: [], ...(sum ? { shape: out.shape, divisor: 1 } : {}) };
  const inputs = [x, ...others];
  const kernel = device.prepare({ op: sum ? 'sum' : 'elementwise', attrs, inputs, outputs: [out] });
  const blocks = inputs.map((type) => ({ memory: device.allocate(byteLength(type)), offset: 0 }));
  const result = sum ? { memory: device.allocate(byteLength(out)), offset: 0 } : blocks[0];
  if (!result) throw new RangeError('no operand');
  const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
  const instruction = { kernel, inputs: blocks, outputs: [result], workspace };
  const program_ = device.load(Array.from({ length: REPEATS }, () => instruction));
  const moved = [...inputs, out].reduce((bytes, type) => bytes + byteLength(type), 0);
  return async () => {
    const { timings } = await program_.run([], [], { begin: 0, end: REPEATS }, true);
    const seconds = timings.reduce((total, { begin, end }) => total + end - begin, 0) / REPEATS;
    return moved / seconds / GIGABYTE;
  };
}
