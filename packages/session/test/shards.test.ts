/** One, two, four and eight processes compute the same bits in a fixed number of shards. */
import { join } from 'node:path';
import type { HostTensor } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { Pool } from '../../comm/test/support/pool.js';
import type { StepResult } from '../src/index.js';

interface Result {
  readonly results: readonly StepResult[];
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly threads: number;
}

const job = new URL('jobs/shards.mjs', import.meta.url);

const CONV = { kind: 'conv', width: 8, activation: 'leaky_relu' } as const;
const PLAIN = {
  shards: 8,
  batches: [16, 16, 16],
  blocks: [CONV, { ...CONV, width: 16 }],
  loss: 'crossEntropy',
  optimizer: 'sgd',
} as const;

const LOSSES = [
  'crossEntropy',
  'ignoring',
  'weighted',
  'focal',
  'dice',
  'softCrossEntropy',
  'bce',
  'mse',
  'l1',
  'huber',
] as const;

const block = fc.record({
  kind: fc.constantFrom('conv', 'depthwise', 'pool', 'dropout'),
  width: fc.constantFrom(3, 8, 17),
  activation: fc.constantFrom('leaky_relu', 'elu', 'identity'),
});

/** Networks, recipes and batches; the last batch of an epoch may be smaller. */
const drawn = fc.integer({ min: 1, max: 3 }).chain((depth) => {
  const parts = fc.integer({ min: 1, max: 2 });
  return parts.chain((accumulate) =>
    fc.record({
      depth: fc.constant(depth),
      accumulate: fc.constant(accumulate),
      batches: fc.array(fc.integer({ min: accumulate * 2 ** depth, max: 40 }), {
        minLength: 2,
        maxLength: 3,
      }),
      blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
      loss: fc.constantFrom(...LOSSES),
      optimizer: fc.constantFrom('sgd', 'adamw', 'lamb', 'rmsprop'),
      precision: fc.constantFrom('float32', 'bfloat16'),
      clip: fc.constantFrom(undefined, 0.1),
      average: fc.boolean(),
      seed: fc.nat(100),
    }),
  );
});

describe('in a fixed number of shards', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(8);
  });
  afterAll(() => pool.close());

  /** The result of the processes of a world of this size, which is the same on all of them. */
  async function trained(world: number, drawn: object): Promise<Result> {
    const all = await pool.run<Result | null>(job, () => ({ world, ...drawn }));
    const [first, ...others] = all.slice(0, world);
    for (const other of others) expect(other).toEqual(first);
    if (!first) throw new Error('rank 0 told nothing');
    return first;
  }

  async function expectEqual(drawn: object, worlds: readonly number[]): Promise<void> {
    const [least = 1, ...others] = worlds;
    const expected = await trained(least, drawn);
    for (const world of others) {
      const found = await trained(world, drawn);
      expect(found.results).toEqual(expected.results);
      for (const [name, { data }] of expected.state) {
        expect({ world, name, data: found.state.get(name)?.data }).toEqual({ world, name, data });
      }
    }
  }

  it('trains to the same weights on 1, 2, 4 and 8 processes', async () => {
    await expectEqual(PLAIN, [1, 2, 4, 8]);
  });

  it.each(['float32', 'bfloat16'])('and on any number of threads, in %s', async (precision) => {
    const wide = { ...PLAIN, shards: 2, batches: [24, 24], precision, wide: 1100 };
    const many = await Pool.start(2, { OMP_NUM_THREADS: '4' });
    const found = await many.run<Result>(job, () => ({ world: 2, ...wide })).finally(() => many.close());
    const expected = await trained(1, wide);
    expect(found.map(({ threads }) => threads)).toEqual([4, 4]);
    expect(expected.threads).toBe(1);
    for (const { results, state } of found) {
      expect(results).toEqual(expected.results);
      expect(state).toEqual(expected.state);
    }
  });

  it('does so with any network, loss, optimizer and batch that holds a sample for every shard', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ depth, ...options }) => {
        const worlds = [1, 2, 4, 8].filter((world) => world <= 2 ** depth);
        await expectEqual({ ...options, shards: 2 ** depth }, worlds);
      }),
      { numRuns: 6 },
    );
  });

  it.each(LOSSES)('sums the loss %s in a fixed order', async (loss) => {
    const one = { ...PLAIN, shards: 4, blocks: [CONV], batches: [9, 6], clip: 0.3, loss };
    await expectEqual(one, [1, 2, 4]);
  });

  it('goes on with another number of processes as if nothing had changed', async () => {
    const folder = await newFolder('shards');
    const options = { ...PLAIN, optimizer: 'adamw', average: true };
    const expected = await trained(1, { ...options, batches: [16, 19, 16, 16, 23, 16] });
    const files = ['first', 'second'].map((name) => join(folder, name));
    await trained(2, { ...options, batches: [16, 19], to: files[0] });
    await trained(8, { ...options, batches: [16, 16], seed: 2, from: files[0], to: files[1] });
    const found = await trained(4, { ...options, batches: [23, 16], seed: 4, from: files[1] });
    expect(found).toEqual({ ...expected, results: expected.results.slice(4) });
  });

  it('refuses what would depend on the number of processes', async () => {
    const own = await pool.outcomes(job, () => ({ ...PLAIN, world: 2, ownStatistics: true }));
    expect(own[0]?.error).toMatch(/^bn0 updates a state by one shard of the batch.*InPlaceABNSync/);
    const one = await pool.outcomes(job, () => ({ ...PLAIN, world: 8, ownStatistics: true }));
    expect(one[7]?.error).toBe(own[0]?.error);
    const few = await pool.outcomes(job, () => ({ ...PLAIN, world: 2, batches: [6] }));
    expect(few[0]?.error).toMatch(/^train: 3 samples cannot be divided into 4 shards/);
    const uneven = await pool.outcomes(job, () => ({ ...PLAIN, world: 2, batches: [17], reversed: true }));
    for (const { error } of uneven.slice(0, 2)) {
      expect(error).toMatch(
        /^train: rank 0 has 9 of 17 samples, where its shards hold 8: divide .* as \[8,9\]/,
      );
    }
    const three = await pool.outcomes(job, () => ({ ...PLAIN, world: 3 }));
    expect(three[0]?.error).toMatch(/^deterministicWorld of 8 cannot be divided among 3 processes/);
  });
});
