import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { createSchedule, type ScheduleOptions } from '../src/index.js';

interface Stored {
  type: ScheduleOptions['type'];
  params: Record<string, number | number[]>;
  baseRates: number[];
  /** A rate for each base rate, by iteration. */
  rates: number[][];
}

const stored = readJson<Record<string, Stored>>(new URL('fixtures/schedules.json', import.meta.url));

function optionsOf({ type, params: { step_size: stepSize, ...params } }: Stored): ScheduleOptions {
  return { type, ...params, ...(stepSize === undefined ? {} : { stepSize }) } as ScheduleOptions;
}

describe('schedules', () => {
  it.each(Object.entries(stored))('%s follows PyTorch', (_name, schedule) => {
    const factor = createSchedule(optionsOf(schedule));
    schedule.rates.forEach((rates, it) => {
      rates.forEach((rate, group) => {
        const base = schedule.baseRates[group] ?? Number.NaN;
        expect(Math.abs(base * factor(it) - rate)).toBeLessThan(1e-12);
      });
    });
  });

  it('linear stays at 0 from where it would be negative', () => {
    const factor = createSchedule({ type: 'linear', alpha: -0.25, beta: 1 });
    expect([0, 3, 4, 5, 100].map(factor)).toEqual([1, 0.25, 0, 0, 0]);
  });

  // MultiStepLR counts its milestones: their order does not matter, and each occurrence decays.
  it('multistep takes milestones in any order, and each as often as it is there', () => {
    const factor = createSchedule({ type: 'multistep', milestones: [5, 2, 5], gamma: 0.5 });
    expect([0, 1, 2, 4, 5, 9].map(factor)).toEqual([1, 1, 0.5, 0.5, 0.125, 0.125]);
  });

  it('step and multistep decay by 0.1 unless told otherwise', () => {
    expect(createSchedule({ type: 'step', stepSize: 2 })(2)).toBe(0.1);
    expect(createSchedule({ type: 'multistep', milestones: [1] })(1)).toBe(0.1);
  });
});
