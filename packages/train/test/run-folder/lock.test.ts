import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Holder,
  holderText,
  judge,
  type Machine,
  thisMachine,
} from '../../src/run-folder/lock/holder.js';
import { LOCK_FILE, type LockOptions, RunLock, SILENCE_MS } from '../../src/run-folder/lock/run-lock.js';
import { temporaryFolder } from '../support/images.js';

const here = thisMachine();
const elsewhere = { host: 'node-b', boot: 'b', namespace: 'pid:[2]' };

async function locked(folder: string, options?: LockOptions): Promise<RunLock> {
  const lock = await RunLock.acquire(folder, options);
  onTestFinished(() => lock.release());
  return lock;
}

/** Creates a process's lock in a folder, with its last sign of life `age` milliseconds ago. */
async function leave(folder: string, holder: Partial<Holder>, age = 0): Promise<string> {
  const { host, boot, namespace, pid } = here;
  const lock = { host, boot, namespace, pid, started: '1', since: '2025-01-31T12:00:00Z', token: 'other' };
  const path = join(folder, LOCK_FILE);
  await writeFile(path, holderText({ ...lock, ...holder }));
  await touch(path, age);
  return path;
}

async function touch(path: string, age: number): Promise<void> {
  const at = new Date(Date.now() - age);
  await utimes(path, at, at);
}

describe('judge', () => {
  const machine: Machine = {
    host: 'a',
    boot: 'b',
    namespace: 'n',
    pid: 1,
    startOf: (pid) => ({ 7: '70', 8: null })[pid],
  };
  const holder = { host: 'a', boot: 'b', namespace: 'n', pid: 7, started: '70', since: '', token: '' };

  it.each([
    ['the process', holder, 'alive'],
    ['a process with an unknown start time', { ...holder, pid: 8 }, 'alive'],
    ['a process that has ended', { ...holder, pid: 9 }, 'dead'],
    ['a later process with the same id', { ...holder, started: '60' }, 'dead'],
    ['another host', { ...holder, host: 'c' }, 'unknown'],
    ['an earlier boot of the machine', { ...holder, boot: 'c', pid: 9 }, 'unknown'],
    ['a container of the same name', { ...holder, namespace: 'm', pid: 9 }, 'unknown'],
  ] as const)('%s', (_, found, verdict) => {
    expect(judge(found, machine)).toBe(verdict);
  });

  it('finds this process but not one that has exited', () => {
    const { pid = 0 } = spawnSync(process.execPath, ['--version']);
    expect(here.startOf(process.pid)).toBe(here.startOf(process.pid));
    expect(here.startOf(process.pid)).not.toBeUndefined();
    expect(here.startOf(pid)).toBeUndefined();
  });
});

describe('RunLock', () => {
  it('keeps others out until it is released, naming host and process', async () => {
    const folder = await temporaryFolder();
    const lock = await locked(folder);
    await expect(RunLock.acquire(folder)).rejects.toThrow(
      new RegExp(`run\\.lock: process ${process.pid} on ${here.host}, since .*, writes to this run folder`),
    );
    lock.release();
    expect(existsSync(join(folder, LOCK_FILE))).toBe(false);
    await locked(folder);
  });

  it('creates the folder and removes it if no run started', async () => {
    const folder = join(await temporaryFolder(), 'a', 'run');
    (await locked(folder)).release();
    expect(existsSync(folder)).toBe(false);
    const used = await locked(folder);
    await writeFile(join(folder, 'config.json'), '{}');
    used.release();
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  it.each([
    ['has ended', { pid: spawnSync(process.execPath, ['--version']).pid }],
    ['has ended and its id is reused', { pid: process.pid, started: '1' }],
  ])('is broken at once if the process %s', async (_, holder) => {
    const folder = await temporaryFolder();
    const path = await leave(folder, holder);
    const lock = await locked(folder);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ host: here.host, pid: process.pid });
    lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(['another machine', 'an unknown owner'])(
    'of %s is broken after two minutes of silence',
    async (whose) => {
      const folder = await temporaryFolder();
      const path = await leave(folder, elsewhere, SILENCE_MS - 50_000);
      if (whose !== 'another machine') {
        await writeFile(path, '');
        await touch(path, SILENCE_MS - 50_000);
      }
      const notes: string[] = [];
      let waits = 0;
      await locked(folder, {
        note: (text) => notes.push(text),
        // Time passes without a sign of life.
        wait: async () => touch(path, SILENCE_MS - 50_000 + 30_000 * ++waits),
      });
      expect(waits).toBe(2);
      expect(notes).toHaveLength(1);
      expect(notes[0]).toMatch(/may be dead: waiting \d+ s for a sign of life$/);
      expect(await readdir(folder)).toEqual([LOCK_FILE]);
    },
  );

  it('of another machine is respected at its first sign of life', async () => {
    const folder = await temporaryFolder();
    const path = await leave(folder, elsewhere, 10_000);
    const acquired = RunLock.acquire(folder, { wait: () => touch(path, 0) });
    await expect(acquired).rejects.toThrow(
      `process ${process.pid} on node-b, since 2025-01-31T12:00:00Z, writes`,
    );
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ token: 'other' });
  });

  it('can stop waiting', async () => {
    const folder = await temporaryFolder();
    await leave(folder, elsewhere);
    await expect(RunLock.acquire(folder, { canceled: () => true })).rejects.toThrow('on node-b');
  });

  it('has one owner, however many processes break a stale lock at once', async () => {
    const folder = await temporaryFolder();
    await leave(folder, { started: '1' });
    const wait = () => new Promise((resolve) => setImmediate(resolve));
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => locked(folder, { wait })));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('tells a resumed process that its folder was taken over', async () => {
    const folder = await temporaryFolder();
    const lock = await locked(folder);
    await lock.check();
    const path = await leave(folder, elsewhere);
    await expect(lock.check()).rejects.toThrow(/on node-b, .* took this run over; this process stops/);
    lock.release();
    expect(existsSync(path)).toBe(true);
  });

  it('is restored if it is removed', async () => {
    const folder = await temporaryFolder();
    const lock = await locked(folder);
    await rm(join(folder, LOCK_FILE));
    await lock.check();
    await expect(RunLock.acquire(folder)).rejects.toThrow('writes to this run folder');
  });
});
