/** The kernels of activated batch normalization, with the vectors of each instruction set. */
import { describe } from 'vitest';
import { IDENTITY } from '../../src/ir/activations.js';
import { ELU, LEAKY, layerCases, RELU } from './records/abn.js';
import { describeInVectors } from './vectors.js';

const CASES = [
  // Wide rows in several chunks, with channels that do and do not fill pairs of vectors.
  { shape: [1, 64, 47, 61], act: LEAKY },
  { shape: [1, 40, 53, 67], act: LEAKY },
  { shape: [1, 5, 61, 59], act: ELU },
  // More channels than a block has columns; runs of rows that are not multiples of the unrolling.
  { shape: [1, 1100, 7, 5], act: LEAKY },
  { shape: [70, 1025, 1, 1], act: RELU },
  { shape: [2, 33, 5, 7], act: ELU },
  { shape: [2, 31, 5, 7], act: IDENTITY },
];

describe.each(CASES)('$shape, $act.activation', ({ shape, act }) => {
  describeInVectors(
    { dtypes: ['float32', 'bfloat16'], tolerance: 3e-5, slices: true },
    layerCases(shape, act),
  );
});
