/**
 * Kernels that are chosen without timing give the same bits on any number of threads, in all ops that sum
 * products.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DataDType, Shape } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { UNTIMED } from '../../src/devices/device.js';
import { cpu } from '../../src/native/cpu.js';
import type { OpName } from '../../src/ops/index.js';

const CHILD = fileURLToPath(new URL('./children/digest.mjs', import.meta.url));
const BUILT = new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url);
const ADDON = process.env.IABN_ADDON ?? fileURLToPath(BUILT);
const THREADS = [1, 2, 3, 8];

interface Product {
  readonly op: OpName;
  readonly attrs: object;
  /** Shapes of the activations, which precede float32 parameters. */
  readonly images: readonly Shape[];
  readonly parameters?: readonly Shape[];
  readonly output: Shape;
}

/** The three directions of a convolution. */
function convolution(
  images: number,
  [inputs, outputs]: readonly [number, number],
  side: number,
  { window = 3, stride = 1, groups = 1 } = {},
): Product[] {
  const padding = Math.floor(window / 2);
  const sides = Math.floor((side + 2 * padding - window) / stride) + 1;
  const x = [images, inputs, side, side];
  const y = [images, outputs, sides, sides];
  const w = [outputs, inputs / groups, window, window];
  const attrs = {
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [1, 1],
    groups,
  };
  const end = { activation: 'leaky_relu', slope: 0.01 };
  return [
    { op: 'conv2d', attrs, images: [x], parameters: [w], output: y },
    { op: 'conv2d_fused', attrs: { ...attrs, ...end }, images: [x], parameters: [w, [outputs]], output: y },
    {
      op: 'conv2d_backward_data',
      attrs: { ...attrs, size: [side, side] },
      images: [y],
      parameters: [w],
      output: x,
    },
    {
      op: 'conv2d_backward_weights',
      attrs: { ...attrs, kernel: [window, window] },
      images: [x, y],
      output: w,
    },
  ];
}

/** The three directions of a linear layer. */
function linear(rows: number, inputs: number, outputs: number): Product[] {
  const [x, y, w] = [
    [rows, inputs],
    [rows, outputs],
    [outputs, inputs],
  ];
  return [
    { op: 'linear', attrs: {}, images: [x], parameters: [w, [outputs]], output: y },
    { op: 'linear_backward_data', attrs: {}, images: [y], parameters: [w], output: x },
    { op: 'linear_backward_weights', attrs: {}, images: [x, y], output: w },
  ];
}

const TIMES = { transpose_a: false, transpose_b: false, sum: false };

const PRODUCTS: readonly Product[] = [
  ...convolution(8, [16, 16], 8),
  ...convolution(2, [20, 24], 15, { stride: 2 }),
  ...convolution(4, [64, 32], 14, { window: 1 }),
  ...convolution(2, [3, 8], 33, { window: 7, stride: 2 }),
  ...convolution(4, [24, 24], 17, { groups: 24 }),
  ...convolution(4, [24, 48], 9, { groups: 2 }),
  // Weights that oneDNN processes in parts of their channels.
  ...convolution(1, [512, 512], 4),
  ...linear(2, 2048, 5),
  ...linear(4096, 16, 8),
  ...linear(3, 17, 1100),
  {
    op: 'matmul',
    attrs: TIMES,
    images: [
      [8, 4096],
      [4096, 12],
    ],
    output: [8, 12],
  },
  {
    op: 'matmul',
    attrs: { ...TIMES, transpose_a: true, sum: true },
    images: [
      [3, 1024, 8],
      [3, 1024, 12],
    ],
    output: [8, 12],
  },
];

/** For each product, its implementation and a digest of its result on the given number of threads. */
function computed(products: readonly Product[], dtype: DataDType, threads: number): string[] {
  const specs = products.map(({ op, attrs, images, parameters = [], output }) => ({
    op,
    attrs,
    choice: UNTIMED,
    inputs: [
      ...images.map((shape) => ({ shape, dtype })),
      ...parameters.map((shape) => ({ shape, dtype: 'float32' })),
    ],
    outputs: [{ shape: output, dtype: op.endsWith('weights') ? 'float32' : dtype }],
  }));
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
  const printed = execFileSync(process.execPath, [...process.execArgv, CHILD, ADDON, JSON.stringify(specs)], {
    env,
    encoding: 'utf8',
  });
  const lines = printed.split('\n');
  for (const line of lines) expect(line).toMatch(new RegExp(`^${threads} `));
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

describe('untimed kernels', () => {
  it.each(['float32', 'bfloat16'] as const)('of %s give the same bits on any number of threads', (dtype) => {
    const named = (results: readonly string[]) =>
      results.map((result, index) => {
        const { op, images, output } = PRODUCTS[index] ?? { op: '', images: [], output: [] };
        return `${op} ${JSON.stringify(images)} → [${output}]: ${result}`;
      });
    const [first, ...others] = THREADS.map((threads) => named(computed(PRODUCTS, dtype, threads)));
    expect(first).toHaveLength(PRODUCTS.length);
    for (const other of others) expect(other).toEqual(first);
  });

  it.runIf('oneDNN' in cpu().libraries)('of depthwise convolutions read images in place', () => {
    const depthwise = convolution(2, [32, 32], 14, { groups: 32 });
    for (const result of computed(depthwise, 'float32', 1)) expect(result).not.toMatch(/^gemm|^plain/);
  });
});
