/** Two processes, each on its part of every batch, compared with one process on the whole batch. */

import { join } from 'node:path';
import type { HostTensor } from '@inplace-abn/tensor';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { Pool } from '../../comm/test/support/pool.js';
import type { StepResult } from '../src/index.js';
import { job as drawnJob } from './support/shards.js';
import { batchOf, SIDE } from './support/stripes.js';

interface Result {
  readonly results: readonly StepResult[];
  readonly state: ReadonlyMap<string, HostTensor>;
}

const job = new URL('jobs/train.mjs', import.meta.url);
const STEPS = 4;
const SAMPLES = 7;

/** A rank's samples of a batch; of two ranks, the first has three and the second four. */
function partOf(rank: number, step: number, cuts = [0, 3, SAMPLES]): { x: Float32Array; y: Int32Array } {
  const { x, y } = batchOf(SAMPLES, step);
  const [begin = 0, end = 0] = cuts.slice(rank);
  return { x: x.slice(begin * SIDE ** 2, end * SIDE ** 2), y: y.slice(begin, end) };
}
const steps = Array.from({ length: STEPS }, (_, step) => step);

/** Expects the same results and weights on all ranks, close to those of one process. */
function expectTrained(ranks: readonly Result[], whole: Result): void {
  const [first, ...others] = ranks;
  for (const other of others) expect(other.results).toEqual(first?.results);
  for (const [step, { loss, metrics, samples }] of whole.results.entries()) {
    const own = first?.results[step];
    expect(own?.loss).toBeCloseTo(loss, 5);
    expect(own?.metrics.mean).toBeCloseTo(loss, 5);
    expect(own?.metrics.top1).toBeCloseTo(metrics.top1 ?? Number.NaN, 9);
    expect(own?.samples).toBe(samples);
  }
  for (const [name, { data }] of whole.state) {
    const own = first?.state.get(name)?.data ?? [];
    for (const other of others) expect(other.state.get(name)?.data).toEqual(own);
    for (const [i, value] of data.entries()) expect(Number(own[i])).toBeCloseTo(Number(value), 4);
  }
}

describe('a group of two', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(2);
  });
  afterAll(() => pool.close());

  it('trains as one process does on the whole batch, from the states of rank 0', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { default: alone } = await import(job.href);
    const whole: Result = await alone(null, {
      batches: steps.map((step) => batchOf(SAMPLES, step)),
      side: SIDE,
      seed: 5,
    });
    const ranks = await pool.run<Result>(job, (rank) => {
      return { batches: steps.map((step) => partOf(rank, step)), side: SIDE, seed: 5 + rank };
    });
    expectTrained(ranks, whole);
  });

  it('sums to the same bits with another bucket size, and refuses sizes that differ between ranks', async () => {
    const argument = (rank: number) => ({
      batches: steps.map((step) => partOf(rank, step)),
      side: SIDE,
      seed: 5,
    });
    const usual = await pool.run<Result>(job, argument);
    const small = await pool.run<Result>(job, (rank) => ({ ...argument(rank), bucketSize: 100 }));
    expect(small).toEqual(usual);
    const mixed = await pool.outcomes<Result>(job, (rank) => ({
      ...argument(rank),
      bucketSize: rank ? 100 : 1e6,
    }));
    for (const { error } of mixed)
      expect(error).toMatch(/^the steps of rank 0 and rank 1 differ in what they exchange/);
  });

  it('averages over the labels of all processes that are not ignored, even if one has none', async () => {
    const ignoreIndex = 255;
    const whole = steps.map((step) => {
      const { x, y } = batchOf(SAMPLES, step);
      return { x, y: y.map((label, i) => (i < 3 || i === 5 ? ignoreIndex : label)) };
    });
    const { default: alone } = await import(job.href);
    const one: Result = await alone(null, { batches: whole, side: SIDE, seed: 5, ignoreIndex });
    const [first, second] = await pool.run<Result>(job, (rank) => {
      const batches = whole.map(({ y }, step) => {
        return { x: partOf(rank, step).x, y: rank === 0 ? y.slice(0, 3) : y.slice(3) };
      });
      return { batches, side: SIDE, seed: 5, ignoreIndex };
    });
    expect(first).toEqual(second);
    for (const [step, { loss }] of one.results.entries()) {
      expect(first?.results[step]?.loss).toBeCloseTo(loss, 5);
    }
    for (const [name, { data }] of one.state) {
      const own = first?.state.get(name)?.data ?? [];
      for (const [i, value] of data.entries()) expect(Number(own[i])).toBeCloseTo(Number(value), 4);
    }
  });

  it.each([undefined, 2])('resumes from a state that only rank 0 has loaded: %s shards', async (shards) => {
    const file = join(await newFolder('group'), 'state');
    const options = {
      world: 2,
      blocks: [{ kind: 'conv', width: 8, activation: 'leaky_relu' }],
      loss: 'softCrossEntropy',
      optimizer: 'adamw',
      average: true,
      mix: true,
      shards,
    };
    const [whole] = await pool.run<Result>(drawnJob, () => ({ ...options, batches: [8, 8, 8] }));
    await pool.run(drawnJob, () => ({ ...options, batches: [8, 8], to: file }));
    const [first, second] = await pool.run<Result>(drawnJob, (rank) => {
      return { ...options, batches: [8], seed: 2, from: rank === 0 ? file : undefined };
    });
    expect(second).toEqual(first);
    expect(first?.results[0]?.loss).toBeCloseTo(whole?.results[2]?.loss ?? Number.NaN, 5);
    for (const [name, { data }] of whole?.state ?? []) {
      const own = first?.state.get(name)?.data ?? [];
      for (const [i, value] of data.entries()) expect(Number(own[i])).toBeCloseTo(Number(value), 4);
    }
  });

  it('accumulates gradients on each process, and all stop if a value is not finite', async () => {
    const broken = (rank: number, step: number) => {
      const { x, y } = partOf(rank, step);
      if (rank === 1 && step === STEPS - 1) x[0] = Number.NaN;
      return { x, y };
    };
    const outcomes = await pool.outcomes<Result>(job, (rank) => {
      return { batches: steps.map((step) => broken(rank, step)), side: SIDE, seed: 5, accumulate: 2 };
    });
    expect(outcomes[0]?.error).toMatch(/the loss/);
    expect(outcomes[1]?.error).toMatch(/^train: sample 0 of input holds NaN/);
    const ranks = await pool.run<Result>(job, (rank) => {
      return { batches: steps.map((step) => partOf(rank, step)), side: SIDE, seed: 5, accumulate: 2 };
    });
    expect(ranks[0]?.results).toEqual(ranks[1]?.results);
    expect(ranks[0]?.results[0]?.samples).toBe(SAMPLES);
    expect(ranks[0]?.state).toEqual(ranks[1]?.state);
  });
});

it('two nodes of two processes train as one process does on the whole batch', async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { default: alone } = await import(job.href);
  const settings = { side: SIDE, seed: 5 };
  const whole: Result = await alone(null, {
    batches: steps.map((step) => batchOf(SAMPLES, step)),
    ...settings,
  });
  const pool = await Pool.start(4, {}, { localRank: (rank) => rank % 2 });
  const ranks = await pool.run<Result>(job, (rank) => {
    return { batches: steps.map((step) => partOf(rank, step, [0, 1, 3, 6, SAMPLES])), ...settings };
  });
  await pool.close();
  expectTrained(ranks, whole);
});
