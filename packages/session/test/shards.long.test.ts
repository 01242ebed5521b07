/** Many random networks, recipes and uneven batches in shards: 1, 2, 4 and 8 processes give the same bits. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawn, Worlds, worldsOf } from './support/shards.js';

const RUNS = 60;

let worlds: Worlds;
beforeAll(async () => {
  worlds = await Worlds.start();
});
afterAll(() => worlds.pool.close());

it(`${RUNS} random networks train to the same weights on any number of processes`, async () => {
  const unequal = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(drawn, async (options) => {
      const { shards, batches } = options;
      for (const world of worldsOf(shards)) {
        const divided = batches.filter((batch) => batch % world > 0).length;
        unequal.set(world, (unequal.get(world) ?? 0) + divided);
      }
      await worlds.expectEqual(options, worldsOf(shards));
    }),
    { numRuns: RUNS },
  );
  for (const world of [2, 4, 8])
    expect(unequal.get(world), `unequal parts of ${world}`).toBeGreaterThan(RUNS / 8);
});
