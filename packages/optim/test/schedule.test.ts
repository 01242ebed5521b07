import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import {
  createSchedule,
  type Schedule,
  type ScheduleOptions,
  type WarmUpOptions,
  warmUp,
} from '../src/index.js';

interface Stored {
  type: ScheduleOptions['type'];
  params: Record<string, number | number[]> & { min_rate?: number; warm_up?: WarmUpOptions };
  baseRates: number[];
  /** A rate per base rate, by iteration. */
  rates: number[][];
}

const stored = readJson<Record<string, Stored>>(new URL('fixtures/schedules.json', import.meta.url));

function factorOf({ type, params }: Stored, base: number): Schedule {
  const { step_size: stepSize, min_rate: minRate, warm_up: warm, ...rest } = params;
  const options = {
    type,
    ...rest,
    ...(stepSize === undefined ? {} : { stepSize }),
    ...(minRate === undefined ? {} : { minFactor: minRate / base }),
  } as ScheduleOptions;
  const main = createSchedule(options);
  return warm ? warmUp(main, warm) : main;
}

describe('schedules', () => {
  it.each(Object.entries(stored))('%s follows PyTorch', (_name, schedule) => {
    schedule.baseRates.forEach((base, group) => {
      const factor = factorOf(schedule, base);
      schedule.rates.forEach((rates, it) => {
        expect(Math.abs(base * factor(it) - (rates[group] ?? Number.NaN))).toBeLessThan(1e-12);
      });
    });
  });

  it('cosine and polynomial stay at their minimum after the last epoch', () => {
    for (const type of ['cosine', 'polynomial'] as const) {
      const factor = createSchedule({ type, total: 4, minFactor: 0.25 });
      expect([0, 4, 5, 100].map(factor)).toEqual([1, 0.25, 0.25, 0.25]);
    }
  });

  it('rejects a total or a factor out of range', () => {
    expect(() => createSchedule({ type: 'cosine', total: 0 })).toThrow('cosine expects a total above 0');
    expect(() => createSchedule({ type: 'polynomial', total: 3, minFactor: 2 })).toThrow(
      'share of the base rate',
    );
    expect(() => warmUp(() => 1, { length: 3, factor: 0 })).toThrow('warmUp: factor is a share');
  });

  it('linear stays at 0 once it would be negative', () => {
    const factor = createSchedule({ type: 'linear', alpha: -0.25, beta: 1 });
    expect([0, 3, 4, 5, 100].map(factor)).toEqual([1, 0.25, 0, 0, 0]);
  });

  // MultiStepLR counts its milestones: their order does not matter, and each occurrence decays.
  it('multistep takes milestones in any order and counts duplicates', () => {
    const factor = createSchedule({ type: 'multistep', milestones: [5, 2, 5], gamma: 0.5 });
    expect([0, 1, 2, 4, 5, 9].map(factor)).toEqual([1, 1, 0.5, 0.5, 0.125, 0.125]);
  });

  it('step and multistep decay by 0.1 by default', () => {
    expect(createSchedule({ type: 'step', stepSize: 2 })(2)).toBe(0.1);
    expect(createSchedule({ type: 'multistep', milestones: [1] })(1)).toBe(0.1);
  });
});
