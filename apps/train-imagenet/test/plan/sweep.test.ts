import { cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { formatSweep, renderSweep, sweep } from '../../src/plan/sweep.js';

const LIMITS = { bandwidth: 1e10, products: { float32: 1e11 } };
const config = configOf({ network: { arch: 'densenet121' }, input: { crop_train: 32 } });

describe('sweep', () => {
  const result = sweep(config, cpu(), LIMITS, [4, 8]);

  it('starts each batch size without a budget, then plans smaller budgets that cost more', () => {
    for (const batch of [4, 8]) {
      const points = result.points.filter((point) => point.batch === batch);
      expect(points[0]?.bytes).toBe(planReport(config, batch, cpu()).report.totalBytes);
      // Even without a budget, values that cost next to nothing are recomputed.
      expect(points[0]?.moreWork).toBeLessThanOrEqual(0.01);
      expect(points.length).toBeGreaterThan(3);
      for (const { bytes, budget, peak } of points) {
        expect(bytes).toBeLessThanOrEqual(budget);
        expect(peak).toBeLessThan(bytes);
      }
      const seconds = points.map((point) => point.seconds);
      expect(seconds.every((time) => time >= (seconds[0] ?? 0))).toBe(true);
    }
  });

  it('prints one line per point, and a page with one curve per batch size', () => {
    const lines = formatSweep(result).split('\n');
    expect(lines).toHaveLength(2 + result.points.length);
    expect(lines[1]).toMatch(/^batch +budget +takes +peak +more work +s\/step +images\/s$/);
    expect(lines[2]).toMatch(/^ +4 .* [01]\.\d % .*█+$/);
    const page = renderSweep(result);
    expect(page).toContain('batch 4');
    expect(page.match(/<circle/g)?.length).toBe(result.points.length);
  });

  it('has a separate color for each batch size', () => {
    const point = { budget: 2, bytes: 1, peak: 1, moreWork: 0, seconds: 1 };
    const points = [4, 8, 16, 32, 64].map((batch) => ({ ...point, batch }));
    const page = renderSweep({ arch: 'resnet18', precision: 'float32', points });
    const colors = Array.from(page.matchAll(/<circle [^>]*fill="([^"]*)"/g), ([, fill]) => fill);
    expect(new Set(colors).size).toBe(5);
  });
});
