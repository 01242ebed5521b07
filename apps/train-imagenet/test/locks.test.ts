/**
 * A change that costs an experiment memory fails here and names the layer. locks.long.test.ts has the other
 * experiments.
 */
import { expect, it } from 'vitest';
import { grownSinceLock } from './support/locks.js';

it.each(['resnet34_ipabn-sync_lr_512', 'resnet50_ipabn-sync_lr_512'])(
  '%s needs no more than its lock',
  async (name) => {
    expect(await grownSinceLock(name)).toBe('');
  },
);
