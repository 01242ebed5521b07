import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pool } from '../support/pool.js';

const STOPPED = new URL('jobs/stopped.mjs', import.meta.url);

let pool: Pool;
beforeAll(async () => {
  pool = await Pool.start(2);
});
afterAll(() => pool.close());

// The longer length makes sure that memory read early does not hold the sum yet.
it.each([1, 1_000_001])('a step gets no sums of a stopped step: %i elements', async (length) => {
  const results = await pool.run(STOPPED, () => length);
  const message = expect.stringContaining('stopped');
  expect(results).toEqual(results.map(() => ({ message, sums: [1 + 2] })));
});
