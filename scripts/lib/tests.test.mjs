// @ts-check
import { availableParallelism } from 'node:os';
import { expect, it, vi } from 'vitest';
import { StepError } from './steps.mjs';
import { Results } from './tests.mjs';

// Stands in for vitest: a program that is killed before it writes a report.
vi.mock(import('./steps.mjs'), async (original) => {
  const steps = await original();
  const killed = ['-e', "process.kill(process.pid, 'SIGKILL')"];
  return { ...steps, runAttached: () => steps.runAttached(process.execPath, killed) };
});

it('runs checks concurrently, all of them even if one fails', async () => {
  const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  /** @type {string[]} */
  const ended = [];
  let [running, most] = [0, 0];
  const check = (/** @type {string} */ name) => async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    ended.push(name);
    if (name === 'b') throw new StepError('b is wrong');
  };
  await new Results('tried').checkTogether(['a', 'b', 'c', 'd', 'e'].map(check));
  expect(ended.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(most).toBe(Math.min(availableParallelism(), 5));
  expect(printed).toHaveBeenCalledWith('b is wrong\n');
  printed.mockRestore();
});

it('counts a killed vitest as one failure, and names the signal', async () => {
  const results = new Results('tried');
  await results.vitest([]);
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  expect(results.close()).toBe(1);
  expect(printed).toHaveBeenCalledWith(
    '✗ vitest ended without a report, killed by SIGKILL\n0 passed, 1 failed\n',
  );
  printed.mockRestore();
});
