/** The summation order over pixels does not depend on the number of threads, so results are bit-identical. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataDType, Shape } from '@inplace-abn/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OpName } from '../../src/ops/index.js';

const CHILD = fileURLToPath(new URL('./children/digest.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url));
const ADDON = process.env.IABN_ADDON ?? BUILT;
/** The addons to test: with OpenMP's threads, and with our own thread pool. */
const ADDONS = ADDON.includes('own-kernels') && existsSync(BUILT) ? [ADDON, BUILT] : [ADDON];
/**
 * The last number exceeds the chunks of rows, so that sums are divided by columns too. In WebAssembly,
 * threads are workers, so there are fewer.
 */
const THREADS = ADDON.endsWith('.wasm') ? [1, 2, 3, 8] : [1, 2, 3, 8, 24];

const LAYER = { eps: 1e-5, scale: 'abs', activation: 'leaky_relu', slope: 0.01, from: 'z' };
const WINDOW = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };

interface Case {
  readonly op: OpName;
  readonly attrs: object;
  /** Shapes of the images. */
  readonly inputs: readonly Shape[];
  /** Constant weights, laid out before the run. */
  readonly weights?: Shape;
  readonly vectors: number;
  readonly outputs: readonly Shape[];
  /** Shape of the class ids, an operand after the images. */
  readonly labels?: Shape;
  /** Requested kernel of a convolution. */
  readonly kernel?: 'winograd' | 'gemm';
}

const CASES: readonly Case[] = [
  // Few channels and many rows, many channels and few rows, leftover rows.
  ...[
    [2, 24, 53, 67],
    [3, 1100, 7, 7],
    [2, 2048, 9, 9],
  ].flatMap((shape): Case[] => {
    const channels = [shape[1] ?? 0];
    const outputs = [channels, channels];
    return [
      { op: 'abn_stats', attrs: {}, inputs: [shape], vectors: 0, outputs },
      { op: 'abn_backward_reduce', attrs: LAYER, inputs: [shape, shape], vectors: 4, outputs },
    ];
  }),
  // Over all elements, and per image and channel.
  ...[[], [3, 24]].map((left): Case => {
    const attrs = { program: 'mul(x0,x0) sub(t0,x0)', domain: [], shape: left, divisor: 3 };
    return { op: 'sum', attrs, inputs: [[3, 24, 53, 67]], vectors: 0, outputs: [left] };
  }),
  // Threads over inputs, over outputs, and more threads than there is work.
  ...[
    [96, 32, 31],
    [32, 160, 31],
    [16, 16, 61],
  ].map(([inputs = 0, outputs = 0, side = 0]): Case => {
    const images = [inputs, outputs].map((channels) => [2, channels, side, side]);
    const weights = [[outputs, inputs, 3, 3]];
    const kernel = 'winograd';
    return {
      op: 'conv2d_backward_weights',
      attrs: WINDOW,
      inputs: images,
      vectors: 0,
      outputs: weights,
      kernel,
    };
  }),
  // Errors that are sorted by several threads.
  {
    op: 'lovasz_softmax',
    attrs: { classes: 'present', per_image: false, ignore_index: 1 },
    inputs: [[2, 5, 130, 131]],
    vectors: 0,
    labels: [2, 130, 131],
    outputs: [[], [2, 5, 130, 131]],
  },
  // Threads over tiles, over outputs where there are few tiles, and over both.
  ...[
    [48, 160, 14],
    [32, 80, 28],
  ].map(([inputs = 0, outputs = 0, side = 0]): Case => {
    return {
      op: 'conv2d',
      attrs: WINDOW,
      inputs: [[1, inputs, side, side]],
      weights: [outputs, inputs, 3, 3],
      vectors: 0,
      outputs: [[1, outputs, side, side]],
      kernel: 'winograd',
    };
  }),
  // Groups of few channels.
  {
    op: 'conv2d_backward_weights',
    attrs: { ...WINDOW, groups: 16 },
    inputs: [
      [3, 64, 28, 28],
      [3, 64, 28, 28],
    ],
    vectors: 0,
    outputs: [[64, 4, 3, 3]],
  },
  // Panels that threads process in any order.
  {
    op: 'conv2d_backward_weights',
    attrs: { ...WINDOW, stride: [2, 2] },
    inputs: [
      [2, 20, 31, 31],
      [2, 40, 16, 16],
    ],
    vectors: 0,
    outputs: [[40, 20, 3, 3]],
    kernel: 'gemm',
  },
];

const DTYPES = ['float32', 'bfloat16'] as const;
/** All combinations of addon and number of threads. */
const RUNS = ADDONS.flatMap((addon) => THREADS.map((threads) => [addon, threads] as const));
/** One process runs all cases of a kernel: one per case would need a hundred processes. */
const KERNELS = ['winograd', 'gemm'] as const;
const kernelOf = ({ kernel = 'winograd' }: Case): string => kernel;

function specOf(
  { op, attrs, inputs, weights, vectors, outputs, labels }: Case,
  dtype: DataDType,
): Record<string, unknown> {
  const channels = [inputs[0]?.[1] ?? 0];
  return {
    op,
    attrs,
    inputs: [
      ...inputs.map((shape) => ({ shape, dtype })),
      ...(weights ? [{ shape: weights, dtype: 'float32' }] : []),
      ...Array.from({ length: vectors }, () => ({ shape: channels, dtype: 'float32' })),
      ...(labels ? [{ shape: labels, dtype: 'int32' }] : []),
    ],
    outputs: outputs.map((shape) => ({ shape, dtype: weights ? dtype : 'float32' })),
    constants: weights ? [inputs.length] : [],
  };
}

interface Computed {
  readonly threads: number;
  readonly implementation: string;
  /** Digest of the outputs. */
  readonly digest: string;
}

/** Runs the cases in a process with a given number of threads. */
function computed(
  cases: readonly Case[],
  dtype: DataDType,
  threads: number,
  { addon, kernel }: { readonly addon: string; readonly kernel: string },
): (readonly [Case, Computed])[] {
  const specs = cases.map((one) => specOf(one, dtype));
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), IABN_KERNEL_CHOICE: kernel };
  const args = [...process.execArgv, CHILD, addon, JSON.stringify(specs)];
  const printed = execFileSync(process.execPath, args, { env, encoding: 'utf8' });
  const lines = printed.split('\n');
  return cases.map((one, index) => {
    const [, count = '', implementation = '', digest = ''] =
      /^(\d+) (.*) ([0-9a-f]{64})$/.exec(lines[index] ?? '') ?? [];
    return [one, { threads: Number(count), implementation, digest }];
  });
}

describe.each(DTYPES)('sums of %s images', (dtype) => {
  /** For each case, the results of all combinations of addon and number of threads. */
  const results = new Map<Case, Computed[]>(CASES.map((one) => [one, []]));
  beforeAll(() => {
    for (const [addon, threads] of RUNS) {
      for (const kernel of KERNELS) {
        const cases = CASES.filter((one) => kernelOf(one) === kernel);
        const found = computed(cases, dtype, threads, { addon, kernel });
        for (const [one, result] of found) results.get(one)?.push(result);
      }
    }
  });

  it.each(CASES.map((one) => [one.op, JSON.stringify(one.inputs), one] as const))(
    'are bit-identical on any number of threads: %s %s',
    (_op, _inputs, one) => {
      const runs = results.get(one) ?? [];
      expect(runs.map(({ threads }) => threads)).toEqual(RUNS.map(([, threads]) => threads));
      for (const { implementation } of one.kernel ? runs : [])
        expect(implementation.split(/[ :]/)[0]).toBe(one.kernel);
      expect(runs[0]?.digest).not.toBe('');
      expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
    },
  );
});
