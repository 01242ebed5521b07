import { describe, expect, it } from 'vitest';
import { whenUnlocked } from './debian.mjs';
import { StepError } from './steps.mjs';

const HELD =
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 512 (unattended-upgr)\nE: Unable to acquire the dpkg frontend lock';

/** Runs that fail with each message in turn, then pass; pauses take a minute. */
function apt(...messages) {
  const said = [];
  let [runs, minutes] = [0, 0];
  const run = async () => {
    const message = messages[runs++];
    if (message !== undefined) throw new StepError(message);
  };
  const clock = {
    pause: async () => minutes++,
    now: () => minutes * 60_000,
    tell: (line) => said.push(line),
  };
  return { done: whenUnlocked(run, clock), said, runs: () => runs };
}

describe('apt while another process holds its lock', () => {
  it('waits, and says so once', async () => {
    const { done, said, runs } = apt(HELD, HELD);
    await done;
    expect(runs()).toBe(3);
    expect(said).toEqual([
      '… apt is locked by process 512 (unattended-upgr): waiting for it, 10 minutes at most',
    ]);
  });

  it('waits for the lock of the package lists, held by any process', async () => {
    const { done, said } = apt(
      'E: Could not get lock /var/lib/apt/lists/lock - open (11: Resource unavailable)',
    );
    await done;
    expect(said).toEqual(['… apt is locked by another process: waiting for it, 10 minutes at most']);
  });

  it('gives up after ten minutes', async () => {
    const { done, runs } = apt(...Array(100).fill(HELD));
    await expect(done).rejects.toThrow('Could not get lock');
    expect(runs()).toBe(12);
  });

  it('fails at once for any other reason', async () => {
    const { done, said } = apt('E: Unable to locate package libdnnl-dev');
    await expect(done).rejects.toThrow('Unable to locate');
    expect(said).toEqual([]);
  });
});
