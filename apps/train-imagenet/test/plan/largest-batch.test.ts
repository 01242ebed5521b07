import { cpu } from '@inplace-abn/core';
import { Engine } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { largestBatch } from '../../src/plan/largest-batch.js';

/** Bytes that a run reserves, evaluation included. */
function reserved(batch: number, evaluationBatches: readonly number[]): number {
  const config = configOf({ optimizer: { batch_size: batch } });
  return new Engine({ device: cpu(), config, evaluationBatches }).bytes;
}

describe('the largest batch', () => {
  it.each([1.8, 3])('for %s MiB is what the run reserves, and one image more is too much', (mebibytes) => {
    const budget = mebibytes * 2 ** 20;
    const { batch, bytes } = largestBatch(configOf(), cpu(), budget);
    expect(batch).toBeGreaterThan(1);
    expect(bytes).toBeLessThanOrEqual(budget);
    // The store is aligned, state by state.
    expect(reserved(batch, [batch])).toBeLessThan(1.05 * bytes);
    expect(largestBatch(configOf(), cpu(), bytes - 1).batch).toBe(batch - 1);
  });

  it('counts evaluation where its images are larger', () => {
    const budget = 3 * 2 ** 20;
    const { batch } = largestBatch(configOf(), cpu(), budget);
    const large = configOf({ input: { crop_val: 64, scale_val: 64 } });
    expect(largestBatch(large, cpu(), budget).batch).toBeLessThan(batch);
  });

  it('says so where one image does not fit', () => {
    expect(() => largestBatch(configOf(), cpu(), 1000)).toThrow(
      /^a batch of one image needs .* but the budget is /,
    );
  });
});
