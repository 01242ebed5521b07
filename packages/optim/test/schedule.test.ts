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

  it.each<[string, () => unknown]>([
    ['total of cosine to be a number above 0', () => createSchedule({ type: 'cosine', total: 0 })],
    [
      'minFactor of polynomial to be a number from 0 to 1',
      () => createSchedule({ type: 'polynomial', total: 3, minFactor: 2 }),
    ],
    [
      'power of polynomial to be a non-negative number',
      () => createSchedule({ type: 'polynomial', total: 3, power: -1 }),
    ],
    ['stepSize of step to be a number above 0', () => createSchedule({ type: 'step', stepSize: 0 })],
    [
      'gamma of step to be a non-negative number',
      () => createSchedule({ type: 'step', stepSize: 1, gamma: -1 }),
    ],
    ['gamma of exponential to be', () => createSchedule({ type: 'exponential', gamma: Number.NaN })],
    [
      'milestones[1] of multistep to be a non-negative number',
      () => createSchedule({ type: 'multistep', milestones: [3, -1] }),
    ],
    ['alpha of linear to be a number', () => createSchedule({ type: 'linear', alpha: Number.NaN, beta: 1 })],
    ['warmUp: expected length to be a non-negative number', () => warmUp(() => 1, { length: -1 })],
    [
      'warmUp: expected factor to be a number above 0 and at most 1',
      () => warmUp(() => 1, { length: 3, factor: 0 }),
    ],
    [
      'warmUp: expected type to be one of linear, constant',
      // @ts-expect-error: a warm-up is linear or constant.
      () => warmUp(() => 1, { length: 3, type: 'cosine' }),
    ],
  ])('rejects an option out of range: %s', (message, make) => {
    const error = { code: 'ERR_OPTION_VALUE', message: expect.stringContaining(message) };
    expect(make).toThrow(expect.objectContaining(error));
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
