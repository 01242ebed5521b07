import { expect, it } from 'vitest';
import { Pool } from './pool.js';

it('names a rank that ends before meeting the others, and ends the others', async () => {
  const started = Pool.start(2, { IABN_ADDON: '/nowhere/inplace_abn.node' });
  await expect(started).rejects.toThrow(/^rank \d ended at its start, with status 1$/);
});
