/** Decays of averages against PyTorch's, timm's and torchvision's (tools/oracle/make_ema.py). */
import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { type AverageOptions, averageKeep } from '../src/index.js';

const { weights, cases } = readJson<{
  weights: number[][];
  cases: (AverageOptions & { average: number[] })[];
}>(new URL('fixtures/ema.json', import.meta.url));

describe('an average over 50 steps', () => {
  it.each(cases)('is that of PyTorch: decay $decay', ({ average, ...options }) => {
    let own = weights[0] ?? [];
    weights.forEach((now, index) => {
      const keep = averageKeep(options, index + 1);
      own = own.map((value, i) => keep * value + (1 - keep) * (now[i] ?? Number.NaN));
    });
    for (const [i, value] of own.entries()) expect(value).toBeCloseTo(average[i] ?? Number.NaN, 12);
  });
});
