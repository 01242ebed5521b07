import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pool } from '../support/pool.js';

const STOPPED = new URL('jobs/stopped.mjs', import.meta.url);

let pool: Pool;
beforeAll(async () => {
  pool = await Pool.start(2);
});
afterAll(() => pool.close());

// So long that what is read early is not a sum.
it.each([1, 1_000_001])('a step is not given sums of one that was stopped: %i elements', async (length) => {
  const results = await pool.run(STOPPED, () => length);
  const message = expect.stringContaining('stopped');
  expect(results).toEqual(results.map(() => ({ message, sums: [1 + 2] })));
});
