/** The real program on several processes, killed at random moments. */
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { uniform } from '../../../packages/core/test/support/prng.js';
import { expectSameState, lastState, rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { ownLines, run, start } from './support/programs.js';

const KILLS = 20;
const EPOCHS = 60;

/** Ids of the processes that `parent` started, by their rank. */
function ranksOf(parent: number): Map<number, number> {
  const ranks = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, ppid] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      if (Number(ppid) !== parent) continue;
      const [, rank] = /(?:^|\0)RANK=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? [];
      if (rank !== undefined) ranks.set(Number(rank), Number(pid));
    } catch {
      // The process has ended meanwhile.
    }
  }
  return ranks;
}

it('gives the same weights after twenty kills at random moments', async () => {
  const newFolder = async () => join(await temporaryFolder(), 'run');
  const data = await imageFolder();
  const config = join(await temporaryFolder(), 'config.json');
  const raw = rawConfig({ network: { bn_mode: 'sync' }, optimizer: { schedule: { epochs: EPOCHS } } });
  await writeFile(config, JSON.stringify(raw));
  const [through, killed] = [await newFolder(), await newFolder()];
  const args = (logDir: string) => [
    config,
    data,
    '--log-dir',
    logDir,
    '--nproc',
    '2',
    '--continue',
    '--save-every',
    '5',
  ];
  const straight = await run('main', ...args(through));
  expect({ code: straight.code, stderr: ownLines(straight.stderr) }).toEqual({ code: 0, stderr: '' });
  const moments = uniform('moments', [KILLS], 0.2, 1.6);
  const victims = uniform('victims', [KILLS], 0, 2);
  let ended = 0;
  for (const [i, seconds] of moments.entries()) {
    const { child, ended: end } = start('main', args(killed));
    await pause(1000 * seconds);
    const victim = ranksOf(child.pid ?? 0).get(Math.floor(victims[i] ?? 0));
    // If the process has not started yet or has already ended, kill the launcher instead.
    process.kill(victim ?? child.pid ?? 0, 'SIGKILL');
    const { code, stderr } = await end;
    if (code === 0) ended++;
    else if (victim !== undefined) expect(stderr).toMatch(/rank \d (failed first|at \S+ was lost)/);
  }
  expect(ended).toBeLessThan(KILLS / 2);
  const last = await run('main', ...args(killed));
  expect(last.code, last.stderr).toBe(0);
  expectSameState(await lastState(killed), await lastState(through));
});
