/** Convolutions with small groups: their variants with the vectors of each instruction set. */
import { afterEach, expect, it, vi } from 'vitest';
import { cpu } from '../../src/native/cpu.js';
import { callOf, type DataType, prepare } from './harness.js';
import { type Draw, drawOperand } from './operands.js';
import { type Convolution, convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const TRIPLES = convolution([2, 32, 7, 13], [32, 2, 3, 3], 1, 1, 1, 16);
const STRIDED = convolution([1, 32, 9, 11], [32, 2, 3, 3], 2, 1, 1, 16);

// Widths that do and do not fill tiles, groups that leave lanes free, windows whose rows are summed one by
// one.
const FREE_LANES = convolution([1, 24, 3, 37], [16, 3, 3, 3], 1, [0, 2], 1, 8);
const EIGHT = convolution([1, 32, 5, 15], [32, 8, 3, 3], 1, 1, 1, 4);
const SHAPES = [
  TRIPLES,
  STRIDED,
  convolution([1, 32, 6, 28], [32, 4, 3, 3], 1, 1, 1, 8),
  convolution([2, 32, 5, 14], [32, 8, 3, 3], 1, 1, 1, 4),
  FREE_LANES,
  convolution([1, 16, 9, 2], [16, 2, 5, 3], 1, 1, [2, 1], 8),
  convolution([1, 32, 9, 11], [32, 4, 3, 3], [2, 1], 1, 1, 8),
  EIGHT,
  convolution([1, 32, 4, 1], [32, 4, 3, 3], 1, [1, 2], 1, 8),
  // Fused with other activations: for eight channels, oneDNN describes some kernels that it cannot create.
  EIGHT,
];
const CASES = convolutionCases(SHAPES);

/** One infinity in the last column, which meets a zero if it has no partner in a pair. */
const lastInfinite: Draw = (name, shape) => {
  const values = Float64Array.from(drawOperand(name, shape));
  const [, channels = 0, , width = 0] = shape;
  values[(3 * width + width - 1) * channels] = Number.POSITIVE_INFINITY;
  return values;
};

const INFINITE = convolutionCases([TRIPLES]).conv2d_backward_weights.map((record) => {
  return { ...record, draw: { x: lastInfinite } };
});

describeInVectors(
  { dtypes: ['float32', 'bfloat16'], tolerance: 1e-5 },
  { ...CASES, conv2d_backward_weights: [...CASES.conv2d_backward_weights, ...INFINITE] },
);

const OPS = ['conv2d', 'conv2d_backward_data', 'conv2d_backward_weights'] as const;

function implementationOf(op: (typeof OPS)[number], one: Convolution, dtype: DataType) {
  const [record] = convolutionCases([one])[op];
  return record && prepare(callOf(op, record, dtype)).implementation;
}

it.each(OPS)('sums the taps of a row together if there is no stride: %s', (op) => {
  vi.stubEnv('IABN_VECTOR_LANES', '4');
  expect(implementationOf(op, TRIPLES, 'float32')).toBe('grouped, triples');
  expect(implementationOf(op, STRIDED, 'float32')).toBe('grouped, lanes');
});

// Every CPU that multiplies bfloat16 has vectors of 16 lanes.
it.runIf(cpu().multipliesBFloat16).each(OPS)('computes two products at a time in bfloat16: %s', (op) => {
  vi.stubEnv('IABN_VECTOR_LANES', '16');
  const whole = SHAPES.filter((one) => one !== STRIDED && one !== FREE_LANES);
  for (const one of whole) expect(implementationOf(op, one, 'bfloat16')).toBe('grouped, pairs');
  expect(implementationOf(op, FREE_LANES, 'bfloat16')).toBe('grouped, triples');
  expect(implementationOf(op, STRIDED, 'bfloat16')).toBe('grouped, lanes');
});
