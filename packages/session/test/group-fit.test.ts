/** Epochs of a group of two: all processes stop after the same step, whichever of them is told to stop. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../comm/test/support/pool.js';
import { batchOf, SIDE } from './support/stripes.js';

const job = new URL('jobs/fit.mjs', import.meta.url);
const BATCHES = 3;

interface Told {
  readonly aborted?: boolean;
  readonly abortAt?: number;
  readonly stopAt?: number;
  readonly stopAfter?: number;
  readonly batches?: number;
}

interface Result {
  readonly heard: readonly string[];
  readonly updates: number;
}

describe('fit in a group of two', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(2);
  });
  afterAll(() => pool.close());

  const argumentOf = ({ batches = BATCHES, ...told }: Told) => {
    return { batches: Array.from({ length: batches }, (_, i) => batchOf(4, i)), side: SIDE, ...told };
  };

  it.each<[string, Told, Told, Result]>([
    ['its signal', {}, { abortAt: 1 }, { heard: ['stop 0, 2', 'end 0, 2'], updates: 2 }],
    ['a callback', { stopAt: 4 }, {}, { heard: ['epoch 0', 'stop 1, 5', 'end 1, 5'], updates: 5 }],
    ['the last step of an epoch', {}, { stopAt: 2 }, { heard: ['stop 0, 3', 'end 0, 3'], updates: 3 }],
    ['an epoch', {}, { stopAfter: 1 }, { heard: ['epoch 0', 'epoch 1', 'end 2, 6'], updates: 6 }],
    ['a signal before the first step', { aborted: true }, {}, { heard: ['end 0, 0'], updates: 0 }],
    ['both', { abortAt: 0 }, { stopAt: 0 }, { heard: ['stop 0, 1', 'end 0, 1'], updates: 1 }],
  ])('stops on both processes after %s', async (_, first, second, expected) => {
    const ranks = await pool.run<Result>(job, (rank) => argumentOf(rank === 0 ? first : second));
    expect(ranks).toEqual([expected, expected]);
  });

  it('fails on both processes if one has more batches', async () => {
    const outcomes = await pool.outcomes<Result>(job, (rank) => argumentOf({ batches: BATCHES - rank }));
    const sentence = /rank 1 has no more batches in this epoch while rank 0 has: give every process/;
    for (const { error } of outcomes) expect(error).toMatch(sentence);
  });
});
