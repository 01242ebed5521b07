import { describe, expect, it } from 'vitest';
import { type FailureOptions, failuresOf } from '../../src/index.js';

const HOUR = 3600;
const OPTIONS: FailureOptions = {
  nodes: 500,
  mtbf: 1000 * 24 * HOUR,
  interval: HOUR,
  saving: 60,
  restarting: 600,
};

/** Numbers in (0, 1), the same at every call. */
function minstd(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** Simulated seconds until `sections` checkpoints are written despite failures. */
function run({ nodes, mtbf, interval, saving, restarting }: FailureOptions, sections: number): number {
  const random = minstd(7);
  const draw = () => (-mtbf / nodes) * Math.log(random());
  let seconds = 0;
  let next = draw();
  const pass = (duration: number): boolean => {
    const passed = Math.min(duration, next);
    seconds += passed;
    next -= passed;
    if (next > 0) return true;
    next = draw();
    return false;
  };
  for (let done = 0; done < sections; ) {
    if (pass(interval + saving)) done += 1;
    else while (!pass(restarting));
  }
  return seconds;
}

describe('failuresOf', () => {
  it('matches the losses of a simulated run', () => {
    for (const mtbf of [1000 * 24 * HOUR, 1000 * HOUR]) {
      const options = { ...OPTIONS, mtbf };
      const sections = 20_000;
      const useful = (24 * sections * options.interval) / run(options, sections);
      expect(failuresOf(options).usefulHours / useful).toBeCloseTo(1, 1);
      expect(Math.abs(failuresOf(options).usefulHours / useful - 1)).toBeLessThan(0.02);
    }
  });

  it('has shares that add up to the day', () => {
    const { usefulHours, lostHours, restartHours, savingHours, perDay } = failuresOf(OPTIONS);
    expect(usefulHours + lostHours + restartHours + savingHours).toBeCloseTo(24, 9);
    expect(perDay).toBeCloseTo(0.5, 9);
    // About half a section and a restart per failure.
    expect(lostHours).toBeCloseTo(0.5 * 0.5, 1);
    expect(restartHours).toBeCloseTo(0.5 / 6, 2);
  });

  it('loses only checkpoint time if nothing fails', () => {
    const { usefulHours, lostHours, restartHours } = failuresOf({ ...OPTIONS, mtbf: 1e15 });
    expect(usefulHours).toBeCloseTo((24 * 3600) / 3660, 6);
    expect(lostHours + restartHours).toBeCloseTo(0, 6);
  });

  it('finds the interval that loses least', () => {
    const { bestInterval } = failuresOf(OPTIONS);
    const useful = (interval: number) => failuresOf({ ...OPTIONS, interval }).usefulHours;
    expect(useful(bestInterval)).toBeGreaterThan(useful(bestInterval / 2));
    expect(useful(bestInterval)).toBeGreaterThan(useful(bestInterval * 2));
  });

  it('has no useful time if a section never completes', () => {
    const { usefulHours, lostHours, restartHours } = failuresOf({ ...OPTIONS, mtbf: 10 });
    expect(usefulHours).toBe(0);
    expect(lostHours + restartHours).toBeCloseTo(24, 6);
  });
});
