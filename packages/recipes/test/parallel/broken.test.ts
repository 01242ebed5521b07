/** A value that is not finite on one process stops all of them in the same step. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';
import type { BrokenJob } from './broken.job.js';

const job = new URL('broken.job.ts', import.meta.url);
const SIZE = 3;
const LAYER = 'mod3.block1.convs.conv2';

interface Found {
  readonly losses: readonly number[];
  readonly failure: string;
  readonly untouched: boolean;
}

describe('a loss that is not finite', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(SIZE);
  });
  afterAll(() => pool.close());

  it.each([
    ['inplace', 0],
    ['inplace', 2],
    ['sync', 1],
  ])('stops all processes before anything is updated: %s, rank %i', async (bn_mode, broken) => {
    const { release: _, ...batch } = sampleBatch();
    const config = configOf({ network: { bn_mode }, optimizer: { batch_size: 8 * SIZE, clip: 1 } });
    const argument = { config, broken, layer: LAYER, batch } as unknown as BrokenJob;
    const found = await pool.run<Found>(job, () => argument);
    for (const [rank, { losses, failure, untouched }] of found.entries()) {
      expect(failure).toMatch(/^NotFiniteError: step 2: the loss is not finite/);
      if (rank === broken) expect(failure).toContain(`comes from ${LAYER} (conv2d)`);
      expect(untouched).toBe(true);
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(losses).toEqual(found[0]?.losses);
    }
  });
});
