/** Early stopping of runs counts like the callback of `fit`. */
import { type EarlyStoppingOptions, earlyStopping } from '@inplace-abn/session';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { START, Standing } from '../../src/index.js';

const epochOf = (epoch: number, top1: number) => ({
  ...{ epoch, step: epoch, loss: 1, metrics: {}, samples: 1 },
  validation: { loss: -top1, metrics: { top1 }, samples: 1 },
});

/** Epochs without an improvement after each result. */
function waitedOver(results: readonly number[], minDelta: number): number[] {
  const standing = new Standing(START, 'top1', null, minDelta);
  return results.map((top1, epoch) => {
    standing.onEpoch(epochOf(epoch, top1));
    return standing.position.sinceBest;
  });
}

/** The number of results after which the callback stops; Infinity: never. */
function stoppedAt(results: readonly number[], options: EarlyStoppingOptions): number {
  const { onEpoch } = earlyStopping(options);
  let at = Number.POSITIVE_INFINITY;
  for (const [epoch, top1] of results.entries()) {
    onEpoch?.(epochOf(epoch, top1), () => {
      at = Math.min(at, epoch + 1);
    });
  }
  return at;
}

it('gains below min_delta count together, as in Keras and Lightning', () => {
  expect(waitedOver([10, 10.3, 10.6, 10.9, 11.2, 11.3], 0.5)).toEqual([0, 1, 0, 1, 0, 1]);
  // A gain of exactly min_delta does not count.
  expect(waitedOver([10, 10.5, 10.75], 0.5)).toEqual([0, 1, 0]);
  // The first result counts, whatever it is; one that is not a number does not.
  expect(waitedOver([0, Number.NaN, 1], 0)).toEqual([0, 1, 0]);
});

it('the best result is the largest, however small the gain', () => {
  const standing = new Standing(START, 'top1', null, 5);
  for (const [epoch, top1] of [10, 11, 9].entries()) standing.onEpoch(epochOf(epoch, top1));
  expect(standing.position).toMatchObject({ best: 11, resultToBeat: 10, sinceBest: 2 });
});

it('runs stop where earlyStopping does', () => {
  const results = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      results,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 6 }),
      (drawn, patience, quarters) => {
        const [values, minDelta] = [drawn.map((value) => value / 4), quarters / 4];
        const first = waitedOver(values, minDelta).findIndex((waited) => waited >= patience);
        const expected = first < 0 ? Number.POSITIVE_INFINITY : first + 1;
        expect(stoppedAt(values, { patience, minDelta, metric: 'top1' })).toBe(expected);
      },
    ),
  );
});
