/** The typical run that becomes a price list, from made-up times. */
import { describe, expect, it } from 'vitest';
import { typicalRun } from '../../src/scaling/measure.js';
import { total } from '../../src/scaling/pricing.js';

describe('typicalRun', () => {
  it('takes as long as the median run if each run is disturbed at a different instruction', () => {
    const runs = [
      [9, 2, 1],
      [3, 8, 1],
      [3, 2, 7],
    ];
    const seconds = typicalRun(runs);
    expect(total([seconds])).toBeCloseTo(12, 12);
    for (const [i, own] of [3, 2, 1].entries()) expect(seconds[i]).toBeCloseTo(2 * own, 12);
  });

  it('is not affected by a run that was disturbed as a whole', () => {
    expect(
      typicalRun([
        [1, 2],
        [1, 2],
        [50, 90],
      ]),
    ).toEqual([1, 2]);
  });

  it('leaves out a prologue that did not run', () => {
    expect(
      typicalRun([
        [0, 1, 3],
        [0, 1, 3],
      ]),
    ).toEqual([0, 1, 3]);
  });
});
