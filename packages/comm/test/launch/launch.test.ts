/** The launcher manages real processes until they end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { launchedProcesses, withoutOption } from '../../src/index.js';

const file = (name: string) => fileURLToPath(new URL(`children/${name}.mjs`, import.meta.url));

interface Launched {
  readonly child: ChildProcess;
  /** Resolves with the process ids once this many have started. */
  started(count: number): Promise<number[]>;
  readonly ended: Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    stdout: string;
    stderr: string;
  }>;
}

function launched(nproc: number, args: readonly string[], { graceMs = 400, env = {} } = {}): Launched {
  const clean = { ...process.env, OMP_NUM_THREADS: undefined, ...env };
  const argv = [file('launcher'), String(nproc), String(graceMs), file('child'), ...args];
  const child = spawn(process.execPath, argv, { env: clean, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const pids = () => Array.from(output.stdout.matchAll(/started (\d+)/g), (match) => Number(match[1]));
  return {
    child,
    async started(count) {
      while (pids().length < count) await once(child.stdout, 'data');
      return pids();
    },
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, ...output })),
  };
}

/** Ids of living processes, except zombies. */
function living(pids: readonly number[]): number[] {
  const all = new Set(readdirSync('/proc'));
  return pids.filter((pid) => {
    if (!all.has(String(pid))) return false;
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (living(pids).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('launch', () => {
  it('gives each process its rank and keeps their output lines apart', async () => {
    const { code, stdout, stderr } = await launched(3, ['tell', 'all']).ended;
    expect(code).toBe(0);
    const port = /at 127\.0\.0\.1:(\d+)/.exec(stdout)?.[1];
    for (const rank of [0, 1, 2]) {
      const prefix = rank === 0 ? '' : `[rank ${rank}] `;
      const lines = stdout
        .split('\n')
        .filter((line) => line.startsWith(prefix || 'rank') || line.startsWith('at'));
      expect(lines).toContain(`${prefix}rank ${rank} of 3, ${rank} here`);
      expect(lines).toContain(`${prefix}at 127.0.0.1:${port}`);
      expect(stderr).toMatch(
        new RegExp(`^${prefix.replace(/[[\]]/g, '\\$&')}threads \\d+, secret of 32$`, 'm'),
      );
    }
  });

  it('keeps a thread count and secret that the user has set', async () => {
    const env = { OMP_NUM_THREADS: '5', IABN_SECRET: 'mine' };
    const { stderr } = await launched(2, ['tell', 'all'], { env }).ended;
    expect(stderr.match(/threads 5, secret of 4/g)).toHaveLength(2);
    const empty = await launched(2, ['tell', 'all'], { env: { IABN_SECRET: '' } }).ended;
    expect(empty.stderr.match(/secret of 32/g)).toHaveLength(2);
  });

  it.each([
    ['fail', 3, 'it exited with code 3'],
    ['crash', 137, 'it was killed by SIGKILL'],
  ])('terminates all processes when one fails: %s', async (behavior, expected, how) => {
    const { started, ended } = launched(3, [behavior, '1']);
    const pids = await started(3);
    const { code, stderr } = await ended;
    expect(code).toBe(expected);
    expect(stderr).toContain(`rank 1 failed first: ${how}; ending the others\n`);
    await untilGone(pids);
  });

  it('kills processes that ignore signals or are stopped', async () => {
    const { started, ended } = launched(3, ['deaf']);
    const [first = 0, second = 0, third = 0] = await started(3);
    process.kill(second, 'SIGSTOP');
    process.kill(third, 'SIGKILL');
    expect((await ended).code).toBe(137);
    await untilGone([first, second, third]);
  });

  it('forwards the first signal once and returns the resulting exit code', async () => {
    const { child, started, ended } = launched(3, ['count']);
    await started(3);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stdout.match(/1 SIGINT/g)).toHaveLength(3);
    expect(stderr).not.toContain('failed first');
  });

  it('kills on the second signal', async () => {
    const { child, started, ended } = launched(2, ['deaf']);
    const pids = await started(2);
    child.kill('SIGTERM');
    while (living(pids).length === 2 && child.exitCode === null) {
      child.kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await ended).code).toBe(137);
    await untilGone(pids);
  });

  it('leaves no process behind if it is killed, not even a stopped one', async () => {
    const { child, started, ended } = launched(3, ['stay']);
    const pids = await started(3);
    process.kill(pids[1] ?? 0, 'SIGSTOP');
    child.kill('SIGKILL');
    await untilGone(pids);
    expect((await ended).signal).toBe('SIGKILL');
  });

  it('refuses to launch from a launched process', async () => {
    const { code, stderr } = await launched(2, ['tell', 'all'], { env: { RANK: '0' } }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('cannot launch 2 processes because another launcher has set RANK');
  });
});

it.each([
  [
    ['main.js', '--nproc', '2', 'x'],
    ['main.js', 'x'],
  ],
  [
    ['main.js', '--nproc=2', 'x'],
    ['main.js', 'x'],
  ],
  [
    ['main.js', 'x', '--', '--nproc', '2'],
    ['main.js', 'x', '--', '--nproc', '2'],
  ],
])('withoutOption removes the option from %j', (argv, rest) => {
  expect(withoutOption(argv, 'nproc')).toEqual(rest);
});

it('launchedProcesses counts the processes launched together', () => {
  expect(launchedProcesses({ IABN_LAUNCHER_PID: '7', WORLD_SIZE: '3' })).toBe(3);
  // Set by another launcher.
  expect(launchedProcesses({ WORLD_SIZE: '3' })).toBeNull();
});
