/** Which implementations the CPU device chooses. */

import { elements, type Shape } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/native/cpu.js';
import { type Call, prepare, tensor } from './harness.js';

const averages = (size: Shape, kernel: Shape, values: ArrayLike<number>): Call => ({
  op: 'avg_pool',
  attrs: { kernel, stride: [1, 1], padding: [0, 0], count_include_pad: true },
  inputs: [tensor([1, 1, ...size], 'float32', values)],
});

describe('the description of the device', () => {
  it("says whether products are oneDNN's or our own", () => {
    const [library = []] = Object.entries(cpu().libraries);
    expect(library.join(' ')).toMatch(/^(oneDNN \d+\.\d+\.\d+|own kernels without oneDNN)$/);
    expect(cpu().machine).toMatch(/ threads of .*, (oneDNN \d+\.\d+\.\d+|own kernels)$/);
  });
});

describe('large averages', () => {
  it('use sliding sums', () => {
    expect(prepare(averages([12, 40], [7, 9], new Float64Array(480))).implementation).toBe('sliding');
  });

  it('depend on how often each pixel would be read', () => {
    const refusals = (size: Shape, kernel: Shape) =>
      prepare(averages(size, kernel, new Float64Array(elements(size)))).refusals;
    expect(refusals([40, 40], [40, 40])).toEqual([]);
    expect(refusals([40, 40], [8, 8])).toEqual(['the window is not the whole image']);
    expect(refusals([40, 40], [2, 2])).toEqual([
      'the window is not the whole image',
      'windows overlap too little: direct sums are as fast',
    ]);
  });
});
