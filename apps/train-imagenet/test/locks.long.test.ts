/** The plans of all published experiments, compared with their locks. */
import { expect, it } from 'vitest';
import { grownSinceLock } from './support/locks.js';
import { PUBLISHED } from './support/published.js';

it.each(Object.keys(PUBLISHED))('%s needs no more than its lock', async (name) => {
  expect(await grownSinceLock(name)).toBe('');
});
