/** The real program on several processes: interrupted, restarted, started wrongly. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@inplace-abn/comm';
import { beforeAll, describe, expect, it } from 'vitest';
import { lastState, rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { ownLines, run, start } from './support/programs.js';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const EPOCHS = 60;

describe('train-imagenet over processes', () => {
  let data: string;
  let config: string;
  beforeAll(async () => {
    data = await imageFolder();
    config = join(await temporaryFolder(), 'config.json');
    const raw = rawConfig({ network: { bn_mode: 'sync' }, optimizer: { schedule: { epochs: EPOCHS } } });
    await writeFile(config, JSON.stringify(raw));
  });

  const newFolder = async () => join(await temporaryFolder(), 'run');

  it('saves once for all processes on SIGINT, and resumes with another number of them', async () => {
    const logDir = await newFolder();
    let sent = false;
    const args = [config, data, '--log-dir', logDir, '--print-freq', '1'];
    const { child, ended } = start('main', [...args, '--nproc', '3'], (stdout) => {
      if (!sent && stdout.includes('step 3/7')) sent = child.kill('SIGINT');
    });
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr: ownLines(stderr) }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toContain('SIGINT: finishing this step and saving');
    expect(readFileSync(join(logDir, 'report.html'), 'utf8')).toContain('train-imagenet --nproc 3 ');
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
    const world = {
      WORLD_SIZE: String(each.length),
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: port,
      IABN_SECRET: 'of the test',
    };
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

  it('refuses configurations and images that differ between ranks, on every rank', async () => {
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

  it('writes a Chrome trace in which sums overlap the backward pass', async () => {
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
