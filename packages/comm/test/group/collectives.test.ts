import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CollectiveResults, expectCollectives } from '../support/collectives.js';
import { Pool } from '../support/pool.js';

const job = new URL('jobs/collectives.mjs', import.meta.url);

describe.each([2, 3, 4])('%i processes', (size) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(size);
  });
  afterAll(() => pool.close());

  it.each([0, 1, 3, 17, 1000, 150_001])('sum, gather and broadcast %i elements', async (length) => {
    const results = await pool.run<CollectiveResults>(job, () => length);
    expectCollectives(results, length);
    expect(results.map(({ perNode }) => perNode)).toEqual(results.map(() => 1));
  });
});
