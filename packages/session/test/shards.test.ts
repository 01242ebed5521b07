/** One, two, four and eight processes compute the same bits with a fixed number of shards. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { Pool } from '../../comm/test/support/pool.js';
import { drawn, job, LOSSES, type Result, Worlds, worldsOf } from './support/shards.js';

const CONV = { kind: 'conv', width: 8, activation: 'leaky_relu' } as const;
const PLAIN = {
  shards: 8,
  batches: [16, 16, 16],
  blocks: [CONV, { ...CONV, width: 16 }],
  loss: 'crossEntropy',
  optimizer: 'sgd',
} as const;

describe('a session with a fixed number of shards', () => {
  let worlds: Worlds;
  beforeAll(async () => {
    worlds = await Worlds.start();
  });
  afterAll(() => worlds.pool.close());

  it('trains to the same weights on 1, 2, 4 and 8 processes', async () => {
    await worlds.expectEqual(PLAIN, [1, 2, 4, 8]);
  });

  it.each(['float32', 'bfloat16'])(
    'trains to the same weights on any number of threads, in %s',
    async (precision) => {
      const wide = { ...PLAIN, shards: 2, batches: [24, 24], precision, wide: 1100 };
      const many = await Pool.start(2, { OMP_NUM_THREADS: '4' });
      const found = await many.run<Result>(job, () => ({ world: 2, ...wide })).finally(() => many.close());
      const expected = await worlds.trained(1, wide);
      expect(found.map(({ threads }) => threads)).toEqual([4, 4]);
      expect(expected.threads).toBe(1);
      for (const { results, state } of found) {
        expect(results).toEqual(expected.results);
        expect(state).toEqual(expected.state);
      }
    },
  );

  it('does so for any network, loss, optimizer and batch with a sample for every shard', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, (options) => worlds.expectEqual(options, worldsOf(options.shards))),
      { numRuns: 6 },
    );
  });

  it.each(LOSSES)('sums the loss %s in a fixed order', async (loss) => {
    const one = { ...PLAIN, shards: 4, blocks: [CONV], batches: [9, 6], clip: 0.3, loss };
    await worlds.expectEqual(one, [1, 2, 4]);
  });

  it('resumes with another number of processes without changing a bit', async () => {
    const folder = await newFolder('shards');
    const options = { ...PLAIN, optimizer: 'adamw', average: true };
    const expected = await worlds.trained(1, { ...options, batches: [16, 19, 16, 16, 23, 16] });
    const files = ['first', 'second'].map((name) => join(folder, name));
    await worlds.trained(2, { ...options, batches: [16, 19], to: files[0] });
    await worlds.trained(8, { ...options, batches: [16, 16], seed: 2, from: files[0], to: files[1] });
    const found = await worlds.trained(4, { ...options, batches: [23, 16], seed: 4, from: files[1] });
    expect(found).toEqual({ ...expected, results: expected.results.slice(4) });
  });

  it('refuses layers and batches that would depend on the number of processes', async () => {
    const own = await worlds.pool.outcomes(job, () => ({ ...PLAIN, world: 2, ownStatistics: true }));
    expect(own[0]?.error).toMatch(/^bn0 updates a state from one shard of the batch.*InPlaceABNSync/);
    const one = await worlds.pool.outcomes(job, () => ({ ...PLAIN, world: 8, ownStatistics: true }));
    expect(one[7]?.error).toBe(own[0]?.error);
    const few = await worlds.pool.outcomes(job, () => ({ ...PLAIN, world: 2, batches: [6] }));
    expect(few[0]?.error).toMatch(/^train: 3 samples cannot be divided into 4 shards/);
    const uneven = await worlds.pool.outcomes(job, () => ({
      ...PLAIN,
      world: 2,
      batches: [17],
      reversed: true,
    }));
    for (const { error } of uneven.slice(0, 2)) {
      expect(error).toMatch(
        /^train: rank 0 has 9 of 17 samples, where its shards hold 8: divide .* as \[8,9\]/,
      );
    }
    const three = await worlds.pool.outcomes(job, () => ({ ...PLAIN, world: 3 }));
    expect(three[0]?.error).toMatch(/^deterministicWorld of 8 cannot be divided among 3 processes/);
  });
});
