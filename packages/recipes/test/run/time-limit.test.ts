/** When the time of a process is up, by clocks of the test. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { atAge } from '../../src/run/time-limit.js';

/** Age of the process at the beginning of a test. */
const AGE_MS = 3000;
const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => AGE_MS + Date.now());
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('counts from the start of the process', () => {
  const reached = vi.fn();
  atAge(10, reached);
  vi.advanceTimersByTime(6999);
  expect(reached).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(reached).toHaveBeenCalledOnce();
  atAge(2, reached);
  vi.advanceTimersByTime(1);
  expect(reached).toHaveBeenCalledTimes(2);
});

it('takes longer times than a timer can', () => {
  const reached = vi.fn();
  atAge((60 * DAY_MS) / 1000, reached);
  vi.advanceTimersByTime(59 * DAY_MS);
  expect(reached).not.toHaveBeenCalled();
  vi.advanceTimersByTime(DAY_MS);
  expect(reached).toHaveBeenCalledOnce();
});

it('can be canceled, at any time', () => {
  const reached = vi.fn();
  const cancel = atAge((60 * DAY_MS) / 1000, reached);
  vi.advanceTimersByTime(30 * DAY_MS);
  cancel();
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(reached).not.toHaveBeenCalled();
});
