/** Convolutions of small groups: their forms in the vectors of each instruction set. */
import { afterEach, expect, it, vi } from 'vitest';
import { callOf, prepare } from './harness.js';
import { type Convolution, convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const TRIPLES = convolution([2, 32, 7, 13], [32, 2, 3, 3], 1, 1, 1, 16);
const STRIDED = convolution([1, 32, 9, 11], [32, 2, 3, 3], 2, 1, 1, 16);

// Widths that tiles fill and do not fill, groups that leave lanes free, windows whose rows are summed alone.
const CASES = convolutionCases([
  TRIPLES,
  STRIDED,
  convolution([1, 32, 6, 28], [32, 4, 3, 3], 1, 1, 1, 8),
  convolution([2, 32, 5, 14], [32, 8, 3, 3], 1, 1, 1, 4),
  convolution([1, 24, 3, 37], [16, 3, 3, 3], 1, [0, 2], 1, 8),
  convolution([1, 16, 9, 2], [16, 2, 5, 3], 1, 1, [2, 1], 8),
]);

describeInVectors({ dtypes: ['float32', 'bfloat16'], tolerance: 1e-5 }, CASES);

it.each(['conv2d', 'conv2d_backward_data', 'conv2d_backward_weights'] as const)(
  'the taps of a row are summed together without a stride: %s',
  (op) => {
    vi.stubEnv('IABN_VECTOR_LANES', '4');
    const implementationOf = (one: Convolution) => {
      const [record] = convolutionCases([one])[op];
      return record && prepare(callOf(op, record, 'float32')).implementation;
    };
    expect(implementationOf(TRIPLES)).toBe('grouped, triples');
    expect(implementationOf(STRIDED)).toBe('grouped, lanes');
  },
);
