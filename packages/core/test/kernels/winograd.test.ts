/** 3×3 convolutions by Winograd's minimal filtering. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { callOf, prepare } from './harness.js';
import { convolution, convolutionCases } from './records/convolutions.js';
import { describeInVectors } from './vectors.js';

const CASES = [
  // One pixel; whole tiles; tiles that extend beyond the image on either side.
  convolution([1, 16, 1, 1], [16, 16, 3, 3], 1, 1),
  convolution([2, 16, 8, 8], [32, 16, 3, 3], 1, 1),
  convolution([3, 32, 9, 7], [16, 32, 3, 3], 1, 1),
  // An odd number of channel vectors; outputs in panels, the last one narrower.
  convolution([1, 48, 6, 5], [80, 48, 3, 3], 1, 1),
  // No padding, and more padding than the window.
  convolution([2, 16, 7, 6], [16, 16, 3, 3]),
  convolution([1, 16, 3, 4], [16, 16, 3, 3], 1, [2, 5]),
  // Each remainder of the dilation is a separate convolution.
  convolution([2, 16, 11, 9], [16, 16, 3, 3], 1, [2, 3], [2, 3]),
  convolution([1, 16, 5, 6], [16, 16, 3, 3], 1, 6, 6),
  // Sums in several stretches; weights whose transform does not fit the cache at once.
  convolution([1, 528, 3, 3], [144, 528, 3, 3], 1, 1),
  // Several blocks of tiles.
  convolution([1, 16, 93, 97], [16, 16, 3, 3], 1, 1),
];

describeInVectors(
  { kernel: 'winograd', dtypes: ['float32', 'bfloat16'], tolerance: 2e-5 },
  convolutionCases(CASES),
);

it('refuses dilations far larger than the image, of which every remainder costs time', () => {
  vi.stubEnv('IABN_KERNEL_CHOICE', 'winograd');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const chosen = (dilation: number) => {
    const attrs = {
      stride: [1, 1],
      padding: [dilation, dilation],
      dilation: [dilation, dilation],
      groups: 1,
    };
    const call = callOf('conv2d', { attrs, inputs: [[1, 16, 5, 6], [16, 16, 3, 3], null] }, 'float32');
    return prepare(call).implementation;
  };
  expect(chosen(10)).toMatch(/^winograd/);
  expect(chosen(11)).not.toMatch(/^winograd/);
});
