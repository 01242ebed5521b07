import { cpu, portableCpu } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { Engine, type Growing, largestOf, planReport, type TrainConfig } from '../../src/index.js';
import { configOf } from '../support/runs.js';

/** Bytes that a run with evaluation reserves. */
function reserved(batch: number, evaluationBatches: readonly number[]): number {
  const config = configOf({ optimizer: { batch_size: batch } });
  return new Engine({ device: cpu(), config, evaluationBatches }).bytes;
}

function largestBatch(config: TrainConfig, budget: number, validationImages?: number) {
  return largestOf('batch', config, portableCpu(), budget, { validationImages });
}

const BUDGET = 3 * 2 ** 20;

describe('the largest batch', () => {
  it('matches what a run on the device reserves, and one more image is too many', () => {
    const budget = 1.8 * 2 ** 20;
    const { batch, bytes, value } = largestOf('batch', configOf(), cpu(), budget);
    expect(batch).toBeGreaterThan(1);
    expect(value).toBe(batch);
    expect(bytes).toBeLessThanOrEqual(budget);
    // The store aligns each state.
    expect(reserved(batch, [batch])).toBeLessThan(1.05 * bytes);
    expect(largestOf('batch', configOf(), cpu(), bytes - 1).batch).toBe(batch - 1);
  });

  it('counts evaluation if its images are larger, and the last validation batch', () => {
    const { batch } = largestBatch(configOf(), BUDGET);
    const large = configOf({ input: { crop_val: 64, scale_val: 64 } });
    expect(largestBatch(large, BUDGET).batch).toBeLessThan(batch);
    expect(largestBatch(configOf(), BUDGET, batch + 1).batch).toBeLessThanOrEqual(batch);
  });

  it('is found if a single image has no variance to normalize by', () => {
    // The deepest features of a crop of 16 are one pixel.
    const config = configOf({ network: { stem: 'imagenet' }, input: { crop_train: 32 } });
    expect(() => planReport(config, 1, portableCpu())).toThrow('has no variance to normalize by');
    const { batch } = largestBatch(config, BUDGET);
    expect(batch).toBeGreaterThan(2);
    const { totalBytes } = planReport(config, batch + 1, portableCpu()).report;
    expect(totalBytes).toBeGreaterThan(BUDGET);
    expect(() => largestBatch(config, 1000)).toThrow(
      /^a batch of 2 images needs .* but the budget is 1000 B/,
    );
  });

  it('is found if parts of a single image have no variance', () => {
    const optimizer = { accumulate: 3 };
    const config = configOf({ network: { stem: 'imagenet' }, input: { crop_train: 32 }, optimizer });
    expect(() => largestBatch(config, 1000)).toThrow(/^a batch of 6 images needs /);
  });

  it('has the same number of images in each shard', () => {
    const config = configOf({
      network: { bn_mode: 'sync' },
      optimizer: { batch_size: 12, accumulate: 3 },
      deterministic_world: 2,
    });
    const budget = 4 * 2 ** 20;
    const { batch, bytes } = largestBatch(config, budget);
    expect(batch).toBeGreaterThan(6);
    expect(batch % 2).toBe(0);
    expect(bytes).toBeLessThanOrEqual(budget);
    expect(planReport(config, batch + 2, portableCpu()).report.totalBytes).toBeGreaterThan(budget);
    expect(() => largestBatch(config, 1000)).toThrow(/^a batch of 6 images needs /);
  });

  it('is a multiple of the number of processes, which share the memory', () => {
    const budget = 3 * 2 ** 20;
    const [one, four] = [1, 4].map((processes) =>
      largestOf('batch', configOf(), portableCpu(), budget, { processes }),
    );
    expect((four?.batch ?? 1) % 4).toBe(0);
    expect(four?.bytes).toBeLessThanOrEqual(budget);
    // Buckets hold gradients that a single process would consume at once.
    expect(four?.batch).toBeGreaterThan(2 * (one?.batch ?? 0));
    expect(four?.batch).toBeLessThanOrEqual(4 * (one?.batch ?? 0));
    const whole = configOf({ optimizer: { batch_size: (four?.batch ?? 0) + 4 } });
    const next = planReport(whole, whole.optimizer.batch_size / 4, portableCpu(), { processes: 4 }).report;
    expect(next.totalBytes).toBeGreaterThan(budget);
  });

  it('reports that one image does not fit', () => {
    expect(() => largestBatch(configOf(), 1000)).toThrow(/^a batch of one image needs .* but the budget is /);
  });
});

describe.each([
  [
    'crop',
    32,
    ({ input }: TrainConfig) => input.crop_train,
    (crop_train: number) => ({ input: { crop_train } }),
  ],
  ['width', 1 / 16, ({ network }: TrainConfig) => network.width, (width: number) => ({ network: { width } })],
] as const)('the largest %s', (growing: Growing, step, sizeOf, larger) => {
  const device = portableCpu();
  const budget = 2.5 * 2 ** 20;

  it('fits in the budget, and the next step does not', () => {
    const found = largestOf(growing, configOf(), device, budget, { batch: 4 });
    expect(found).toMatchObject({ of: growing, batch: 4, value: sizeOf(found.config) });
    expect(found.value / step).toBe(Math.round(found.value / step));
    expect(found.bytes).toBeLessThanOrEqual(budget);
    const next = configOf(larger(found.value + step));
    expect(planReport(next, 4, device).report.totalBytes).toBeGreaterThan(budget);
  });

  it('reports that the smallest does not fit', () => {
    expect(() => largestOf(growing, configOf(), device, 1000)).toThrow(
      /needs .* but the budget is 1000 B: lower/,
    );
  });
});
