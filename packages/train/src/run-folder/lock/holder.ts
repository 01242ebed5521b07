/** Who holds a run folder, and whether that process is still there. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The content of a lock file. A process is found by its id only within one start of one machine, and one pid namespace. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the system's ticks: ids are given again. null: not known here. */
  readonly started: string | null;
  readonly boot: string | null;
  readonly namespace: string | null;
  /** ISO time of the lock. */
  readonly since: string;
  /** Of this lock alone. */
  readonly token: string;
}

/** A process's view of itself and its neighbors. */
export interface Machine extends Pick<Holder, 'host' | 'pid' | 'boot' | 'namespace'> {
  /** When a process started; null: unknown, undefined: there is no such process. */
  startOf(pid: number): string | null | undefined;
}

/** 'unknown': it may run on another machine, or in another container. */
export type Verdict = 'alive' | 'dead' | 'unknown';

export function judge(holder: Holder, machine: Machine): Verdict {
  const same = (['host', 'boot', 'namespace'] as const).every((key) => holder[key] === machine[key]);
  if (!same) return 'unknown';
  const started = machine.startOf(holder.pid);
  if (started === undefined) return 'dead';
  return started === null || holder.started === null || started === holder.started ? 'alive' : 'dead';
}

export function thisMachine(): Machine {
  return {
    host: hostname(),
    pid: process.pid,
    boot: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
    startOf: (pid) =>
      isThere(pid) ? orNull(() => startInStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))) : undefined,
  };
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Those of other users are there, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Field 22; the name before it may hold anything. */
function startInStat(stat: string): string | null {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

export function holderText(holder: Holder): string {
  return `${JSON.stringify(holder, null, 2)}\n`;
}

/** null for what is no lock's content: it may be about to be written. */
export function parseHolder(text: string): Holder | null {
  try {
    const { host, pid, started, boot, namespace, since, token }: Record<string, unknown> = JSON.parse(text);
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof token !== 'string') return null;
    return {
      host,
      pid,
      started: textOrNull(started),
      boot: textOrNull(boot),
      namespace: textOrNull(namespace),
      since: textOrNull(since) ?? '',
      token,
    };
  } catch {
    return null;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
