/** Random networks, recipes and batches, and processes that train them in shards. */
import type { HostTensor } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { expect } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import type { StepResult } from '../../src/index.js';

export interface Result {
  readonly results: readonly StepResult[];
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly threads: number;
}

export const job = new URL('../jobs/shards.mjs', import.meta.url);

export const LOSSES = [
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
  kind: fc.constantFrom('conv', 'depthwise', 'residual', 'dense', 'pool', 'dropout'),
  width: fc.constantFrom(3, 8, 17),
  activation: fc.constantFrom('leaky_relu', 'elu', 'identity'),
});

/**
 * Random options with 2, 4 or 8 shards. A batch has any number of samples that gives each part of each shard
 * at least one, so most batches are divided unevenly.
 */
export const drawn = fc
  .record({ depth: fc.integer({ min: 1, max: 3 }), accumulate: fc.integer({ min: 1, max: 2 }) })
  .chain(({ depth, accumulate }) => {
    const shards = 2 ** depth;
    return fc.record({
      shards: fc.constant(shards),
      accumulate: fc.constant(accumulate),
      batches: fc.array(fc.integer({ min: accumulate * shards, max: 40 }), { minLength: 2, maxLength: 3 }),
      blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
      loss: fc.constantFrom(...LOSSES),
      optimizer: fc.constantFrom('sgd', 'adamw', 'lamb', 'rmsprop'),
      precision: fc.constantFrom('float32', 'bfloat16'),
      clip: fc.constantFrom(undefined, 0.1),
      average: fc.boolean(),
      /** Ignored by a single process. */
      bucketSize: fc.constantFrom(undefined, 100, 4000),
      seed: fc.nat(100),
    });
  });

/** All numbers of processes up to 8 that divide this number of shards. */
export const worldsOf = (shards: number) => [1, 2, 4, 8].filter((world) => world <= shards);

/** Eight processes, of which the first ones train. Sums over all eight first run within each of two nodes. */
export class Worlds {
  private constructor(readonly pool: Pool) {}

  static async start(): Promise<Worlds> {
    return new Worlds(await Pool.start(8, {}, { localRank: (rank) => rank % 4 }));
  }

  /** The result with this world size; expects it to be the same on all processes. */
  async trained(world: number, options: object): Promise<Result> {
    const all = await this.pool.run<Result | null>(job, () => ({ world, ...options }));
    const [first, ...others] = all.slice(0, world);
    for (const other of others) expect(other).toEqual(first);
    if (!first) throw new Error('rank 0 told nothing');
    return first;
  }

  /** Expects every world size to give the results and weights of the first. */
  async expectEqual(options: object, [least = 1, ...others]: readonly number[]): Promise<void> {
    const expected = await this.trained(least, { ...options, bucketSize: undefined });
    for (const world of others) {
      const found = await this.trained(world, options);
      expect(found.results).toEqual(expected.results);
      for (const [name, { data }] of expected.state) {
        expect({ world, name, data: found.state.get(name)?.data }).toEqual({ world, name, data });
      }
    }
  }
}
