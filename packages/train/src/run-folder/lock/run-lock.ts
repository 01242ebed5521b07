/** Ensures that only one process writes to a run folder, also on network file systems. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeRunFolder } from '../run-folder.js';
import { type Holder, holderText, judge, type Machine, parseHolder, thisMachine } from './holder.js';

export const LOCK_FILE = 'run.lock';
/** Interval at which the holder rewrites its lock; the modification time is its sign of life. */
const HEARTBEAT_MS = 15_000;
/** A lock whose process cannot be looked up is broken after this long without a sign of life. */
export const SILENCE_MS = 120_000;
const POLL_MS = 2_000;
/** A mark this old was left by a process that was killed while breaking a lock. */
const BREAKING_MS = 30_000;

/** Another process writes to the folder. */
export class RunLockedError extends Error {
  override readonly name: string = 'RunLockedError';
  readonly code = 'ERR_RUN_LOCKED';
}

export interface LockOptions {
  /** Called when the lock of another machine may be stale and the wait for a sign of life begins. */
  readonly note?: (text: string) => void;
  /** Returns true to stop waiting. */
  readonly canceled?: () => boolean;
  readonly machine?: Machine;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/**
 * The file `run.lock` of a run folder. It is created with O_EXCL, which network file systems honor, and names
 * host and process. A lock is broken if its process is dead. On the same machine that is looked up by id and
 * start time; elsewhere the lock must have been silent for `SILENCE_MS`.
 */
export class RunLock {
  private readonly timer: NodeJS.Timeout;
  private readonly onExit = (): void => this.release();
  private released = false;

  private get path(): string {
    return join(this.folder, LOCK_FILE);
  }

  private constructor(
    private readonly folder: string,
    /** True if the lock created the folder. */
    private readonly made: boolean,
    private readonly holder: Holder,
    private file: FileHandle,
  ) {
    this.timer = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
    process.on('exit', this.onExit);
  }

  /**
   * Locks a folder and creates it if it is missing.
   *
   * @throws {RunLockedError} naming the process that holds it
   */
  static async acquire(folder: string, options: LockOptions = {}): Promise<RunLock> {
    const { machine = thisMachine(), wait = pause } = options;
    const made = await makeRunFolder(folder);
    const path = join(folder, LOCK_FILE);
    const { host, pid, boot, namespace } = machine;
    const started = machine.startOf(pid) ?? null;
    const since = new Date().toISOString();
    const holder = { host, pid, started, boot, namespace, since, token: randomUUID() };
    const watch = new Watch(folder, path, machine, options);
    for (;;) {
      const file = await create(path, holder);
      if (file) return new RunLock(folder, made, holder, file);
      await watch.untilFree(wait);
    }
  }

  /**
   * Call it before writing anything that only one process may write.
   *
   * @throws {RunLockedError} if another process took over the folder, which may happen while this one is
   * suspended
   */
  async check(): Promise<void> {
    const text = await read(this.path);
    const found = text === null ? null : parseHolder(text);
    if (found?.token === this.holder.token) return;
    const file = text === null ? await create(this.path, this.holder) : null;
    if (!file)
      throw new RunLockedError(`${describe(this.path, found)} took this run over; this process stops`);
    await this.file.close();
    this.file = file;
  }

  /** Unlocks the folder. May be called more than once. */
  release(): void {
    if (this.released) return;
    this.released = true;
    clearInterval(this.timer);
    process.off('exit', this.onExit);
    try {
      if (parseHolder(readFileSync(this.path, 'utf8'))?.token === this.holder.token) rmSync(this.path);
      // Leave nothing behind after a rejected run.
      if (this.made) rmdirSync(this.folder);
    } catch {
      // The folder is gone or holds a run by now.
    }
    void this.file.close().catch(() => {});
  }

  /** Writes through the open file, so a lock that replaced this one is not touched. */
  private async beat(): Promise<void> {
    try {
      await this.file.write(holderText(this.holder), 0);
      await this.file.datasync();
    } catch {
      // A file system that is unreachable now may be back at the next beat.
    }
  }
}

/** Waits for another process's lock. */
class Watch {
  /** First observed modification time of a lock that may be stale. */
  private seen: number | null = null;

  constructor(
    private readonly folder: string,
    private readonly path: string,
    private readonly machine: Machine,
    private readonly options: LockOptions,
  ) {}

  /** Resolves when it is worth trying again. */
  async untilFree(wait: (ms: number) => Promise<unknown>): Promise<void> {
    const changed = await changeOf(this.path);
    const text = await read(this.path);
    if (text === null || changed === null) return;
    const holder = parseHolder(text);
    const verdict = holder ? judge(holder, this.machine) : 'unknown';
    if (verdict === 'alive') throw locked(this.path, holder);
    if (verdict === 'dead' || (await this.silent(holder, changed))) {
      if (!(await breakLock(this.path, { text, changed }))) await wait(POLL_MS / 10);
      return;
    }
    if (this.options.canceled?.()) throw locked(this.path, holder);
    await wait(POLL_MS);
  }

  /** @throws {RunLockedError} if the holder has given a sign of life */
  private async silent(holder: Holder | null, changed: number): Promise<boolean> {
    const now = await timeOf(this.folder);
    if (this.seen !== null && changed > this.seen) throw locked(this.path, holder);
    if (now - changed >= SILENCE_MS) return true;
    if (this.seen === null) {
      const left = Math.ceil((SILENCE_MS - (now - changed)) / 1000);
      this.options.note?.(`${describe(this.path, holder)} may be dead: waiting ${left} s for a sign of life`);
    }
    this.seen = changed;
    return false;
  }
}

/** Creates the file and keeps it open; null if it already exists. */
async function create(path: string, holder: Holder): Promise<FileHandle | null> {
  try {
    const file = await open(path, 'wx');
    await file.write(holderText(holder), 0);
    await file.datasync();
    return file;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return null;
    throw error;
  }
}

/**
 * Removes a stale lock. Of several processes that found it stale, only the one that creates the mark may
 * remove it; otherwise the last one would remove the new lock of the first. Returns false if another process
 * is doing it.
 */
async function breakLock(
  path: string,
  { text, changed }: { readonly text: string; readonly changed: number },
): Promise<boolean> {
  const mark = `${path}.${parseHolder(text)?.token ?? 'unreadable'}`;
  const file = await open(mark, 'wx').catch((error: unknown) => {
    if (isCode(error, 'EEXIST')) return null;
    throw error;
  });
  if (!file) {
    const made = await changeOf(mark);
    if (made !== null && (await timeOf(dirname(path))) - made > BREAKING_MS) await rm(mark, { force: true });
    return false;
  }
  await file.close();
  try {
    const same = (await changeOf(path)) === changed && (await read(path)) === text;
    if (same) await rm(path, { force: true });
  } finally {
    await rm(mark, { force: true });
  }
  return true;
}

/** Time by the file system's clock, which stamps locks; the clocks of machines differ. */
async function timeOf(folder: string): Promise<number> {
  const probe = join(folder, `${LOCK_FILE}.${randomUUID()}`);
  const file = await open(probe, 'wx');
  try {
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
    await rm(probe, { force: true });
  }
}

async function changeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}

async function read(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function locked(path: string, holder: Holder | null): RunLockedError {
  return new RunLockedError(
    `${describe(path, holder)} writes to this run folder: wait for it to end, stop it, or choose another folder`,
  );
}

function describe(path: string, holder: Holder | null): string {
  if (!holder) return `${path}: an unknown process`;
  return `${path}: process ${holder.pid} on ${holder.host}, since ${holder.since},`;
}
