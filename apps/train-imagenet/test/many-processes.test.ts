/** The real program over processes: interrupted, killed, started again, started wrongly. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@inplace-abn/comm';
import { beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '../../../packages/core/test/support/prng.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { expectSameState, lastState, rawConfig } from '../../../packages/train/test/support/runs.js';
import { run, start } from './support/programs.js';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
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
      // It has ended meanwhile.
    }
  }
  return ranks;
}

describe('train-imagenet over processes', { timeout: 240_000 }, () => {
  let data: string;
  let config: string;
  beforeAll(async () => {
    data = await imageFolder();
    config = join(await temporaryFolder(), 'config.json');
    const raw = rawConfig({ network: { bn_mode: 'sync' }, optimizer: { schedule: { epochs: EPOCHS } } });
    await writeFile(config, JSON.stringify(raw));
  });

  const newFolder = async () => join(await temporaryFolder(), 'run');

  /** What says how many processes there are is about the machine. */
  const said = (stderr: string) => stderr.replace(/^\d+ processes share \d+ processors\n/, '');

  it('gives the same weights after twenty kills at any moment', async () => {
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
    expect({ code: straight.code, stderr: said(straight.stderr) }).toEqual({ code: 0, stderr: '' });
    const moments = uniform('moments', [KILLS], 0.2, 1.6);
    const victims = uniform('victims', [KILLS], 0, 2);
    let ended = 0;
    for (const [i, seconds] of moments.entries()) {
      const { child, ended: end } = start('main', args(killed));
      await pause(1000 * seconds);
      const victim = ranksOf(child.pid ?? 0).get(Math.floor(victims[i] ?? 0));
      // A process that the test comes too late for, or too early, is killed with the launcher.
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

  it('saves on SIGINT, once for all, and continues with another number of processes', async () => {
    const logDir = await newFolder();
    let sent = false;
    const args = [config, data, '--log-dir', logDir, '--print-freq', '1'];
    const { child, ended } = start('main', [...args, '--nproc', '3'], (stdout) => {
      if (!sent && stdout.includes('step 3/7')) sent = child.kill('SIGINT');
    });
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr: said(stderr) }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toContain('SIGINT: finishing this step and saving');
    const { meta } = await lastState(logDir);
    const steps = String(meta.step + 4);
    for (const nproc of ['1', '2']) {
      const next = await run('main', ...args, '--nproc', nproc, '--continue', '--max-steps', steps);
      expect(next.code).toBe(0);
      expect(existsSync(join(logDir, 'checkpoints', `checkpoint-${steps}.safetensors`))).toBe(true);
    }
  });

  interface Started {
    readonly code: number | null;
    readonly stderr: string;
  }

  /** Starts ranks as a launcher would, each with its own arguments and environment. */
  async function ranks(each: readonly { args: string[]; env?: NodeJS.ProcessEnv }[]): Promise<Started[]> {
    const port = String(await freePort());
    const world = { WORLD_SIZE: String(each.length), MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
    return Promise.all(
      each.map(({ args, env }, rank) => {
        const all = {
          ...process.env,
          NODE_OPTIONS: '',
          ...world,
          RANK: String(rank),
          OMP_NUM_THREADS: '1',
          ...env,
        };
        const child = spawn(process.execPath, [PROGRAM, ...args], {
          env: all,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let stderr = '';
        child.stderr.on('data', (chunk) => {
          stderr += String(chunk);
        });
        return new Promise<Started>((resolve) => child.on('close', (code) => resolve({ code, stderr })));
      }),
    );
  }

  it('refuses, on every rank, before the first step, what does not fit', async () => {
    const other = join(await temporaryFolder(), 'other.json');
    const raw = rawConfig({ network: { bn_mode: 'sync' }, optimizer: { batch_size: 4 } });
    await writeFile(other, JSON.stringify(raw));
    const args = async (file: string, from = data) => [file, from, '--log-dir', await newFolder()];
    const configurations = await ranks([{ args: await args(config) }, { args: await args(other) }]);
    for (const { code, stderr } of configurations) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: .*the configuration differs: rank 1 at \S+ has \w+, rank 0 has \w+/);
    }
    const fewer = await imageFolder();
    await writeFile(
      join(fewer, 'val', 'blue', 'one-more.png'),
      readFileSync(join(fewer, 'val', 'blue', '00.png')),
    );
    const images = await ranks([{ args: await args(config) }, { args: await args(config, fewer) }]);
    for (const { code, stderr } of images) {
      expect(code).toBe(1);
      expect(stderr).toContain('the validation images differ: rank 1 has 16, rank 0 has 15');
    }
    const alone = await ranks([{ args: await args(config), env: { WORLD_SIZE: undefined } }]);
    expect(alone[0]).toMatchObject({ code: 1, stderr: expect.stringContaining('WORLD_SIZE is not set') });
  });

  it('writes a Chrome trace in which sums are under way during the backward pass', async () => {
    const logDir = await newFolder();
    const trace = join(await temporaryFolder(), 'trace.json');
    const args = [config, data, '--log-dir', logDir, '--nproc', '2', '--max-steps', '5', '--trace', trace];
    expect((await run('main', ...args)).code).toBe(0);
    for (const path of [trace, trace.replace('.json', '.rank1.json')]) {
      const events = JSON.parse(readFileSync(path, 'utf8')) as {
        readonly ph: string;
        readonly cat: string;
        readonly tid: number;
        readonly ts: number;
        readonly dur: number;
        readonly args: { readonly step: number };
      }[];
      const spans = events.filter(({ ph, args: { step } }) => ph === 'X' && step === 4);
      const backward = spans.filter(({ cat }) => cat === 'backward');
      const sums = spans.filter(({ tid }) => tid === 1);
      expect(sums.length).toBeGreaterThan(2);
      const last = backward.at(-1);
      const end = (last?.ts ?? 0) + (last?.dur ?? 0);
      expect(sums.some(({ ts }) => ts < end)).toBe(true);
    }
  });
});
