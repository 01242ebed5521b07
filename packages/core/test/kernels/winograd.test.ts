/** 3×3 convolutions by Winograd's minimal filtering, in the vectors of each instruction set that this CPU has. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReferenceTensor } from '../../src/ops/define.js';
import type { OpName } from '../../src/ops/index.js';
import { dim, type Shape } from '../../src/shape.js';
import { type Call, callOf, type DataType, expectAgrees, prepare, reference, runKernel } from './harness.js';
import { drawOperand, type KernelCase } from './operands.js';

interface Convolution {
  readonly x: Shape;
  readonly outputs: number;
  readonly padding: Shape;
  readonly dilation: Shape;
}

const convolution = (x: Shape, outputs: number, padding: Shape = [1, 1], dilation: Shape = [1, 1]) => ({
  x,
  outputs,
  padding,
  dilation,
});

const CASES: readonly Convolution[] = [
  // One pixel; tiles that are whole, and tiles that reach beyond the image on either side.
  convolution([1, 16, 1, 1], 16),
  convolution([2, 16, 8, 8], 32),
  convolution([3, 32, 9, 7], 16),
  // Channels of an odd number of vectors, outputs in panels of which the last is narrower.
  convolution([1, 48, 6, 5], 80),
  // No padding, and more of it than the window holds.
  convolution([2, 16, 7, 6], 16, [0, 0]),
  convolution([1, 16, 3, 4], 16, [2, 5]),
  // Each remainder of the dilation is a convolution of its own.
  convolution([2, 16, 11, 9], 16, [2, 3], [2, 3]),
  convolution([1, 16, 5, 6], 16, [6, 6], [6, 6]),
  // Sums of several stretches; weights whose points do not fit at once.
  convolution([1, 528, 3, 3], 144),
  // Several blocks of tiles.
  convolution([1, 16, 93, 97], 16),
];

const outputOf = ({ x, outputs, padding, dilation }: Convolution): Shape => [
  dim(x, 0),
  outputs,
  ...[0, 1].map((axis) => dim(x, axis + 2) + 2 * dim(padding, axis) - 2 * dim(dilation, axis)),
];

const attrsOf = ({ padding, dilation }: Convolution) => ({ stride: [1, 1], padding, dilation, groups: 1 });

const LEAKY = { activation: 'leaky_relu', slope: 0.1 };
const OPS: Readonly<Partial<Record<OpName, (c: Convolution, index: number) => KernelCase>>> = {
  conv2d: (c) => ({ attrs: attrsOf(c), inputs: [c.x, weightsOf(c), [c.outputs]], draw: { weight } }),
  conv2d_fused: (c, index) => ({
    attrs: {
      ...attrsOf(c),
      ...([LEAKY, { activation: 'relu', slope: 0 }, { activation: 'elu', slope: 1.5 }][index % 3] ?? LEAKY),
    },
    inputs: [c.x, weightsOf(c), index % 2 === 0 ? [c.outputs] : null, index % 3 === 0 ? outputOf(c) : null],
    draw: { weight },
  }),
  conv2d_backward_data: (c) => ({
    attrs: { ...attrsOf(c), size: c.x.slice(2) },
    inputs: [outputOf(c), weightsOf(c)],
    draw: { weight },
  }),
  conv2d_backward_weights: (c) => ({
    attrs: { ...attrsOf(c), kernel: [3, 3] },
    inputs: [c.x, outputOf(c)],
  }),
};

const weightsOf = ({ x, outputs }: Convolution): Shape => [outputs, dim(x, 1), 3, 3];

/** Weights as an initialiser makes them: outputs of unit size. */
function weight(name: string, shape: Shape): number[] {
  const scale = 1 / Math.sqrt(9 * dim(shape, 1));
  return Array.from(drawOperand(name, shape), (value) => value * scale);
}

/** Every case's call and what it means, once for all instruction sets. */
const known = new Map<string, readonly { readonly call: Call; readonly expected: ReferenceTensor }[]>();

function casesOf(op: OpName, dtype: DataType) {
  const key = `${op} ${dtype}`;
  const made = known.get(key);
  if (made) return made;
  const cases = CASES.flatMap((c, index) => {
    const record = OPS[op]?.(c, index);
    const call = record && callOf(op, record, dtype);
    const [expected] = call ? reference(call) : [];
    return call && expected ? [{ call, expected }] : [];
  });
  known.set(key, cases);
  return cases;
}

beforeEach(() => {
  vi.stubEnv('IABN_EMULATE_BF16', '1');
  vi.stubEnv('IABN_KERNEL_CHOICE', 'winograd');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(['4', '8', '16'])('in vectors of %s floats', (lanes) => {
  beforeEach(() => {
    vi.stubEnv('IABN_VECTOR_LANES', lanes);
  });

  it.each(
    Object.keys(OPS).flatMap((op) => (['float32', 'bfloat16'] as const).map((dtype) => [op, dtype] as const)),
  )('%s of %s images agrees with the reference', async (op, dtype) => {
    const cases = casesOf(op as OpName, dtype);
    expect(cases).toHaveLength(CASES.length);
    for (const { call, expected } of cases) {
      // A CPU without these vectors computes in narrower ones.
      expect(prepare(call).implementation).toMatch(/^winograd:(sse2|avx2|avx512)$/);
      const [actual] = await runKernel(call);
      if (!actual) throw new Error('a convolution has one output');
      expectAgrees(actual, expected, actual.dtype === 'float32' ? 2e-5 : undefined);
    }
  });
});
