/** The holder of a run folder, and whether that process is still alive. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The content of a lock file. A process id is valid only within one boot of one machine and one pid
 * namespace.
 */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process in clock ticks, since ids are reused; null if unknown. */
  readonly started: string | null;
  readonly boot: string | null;
  readonly namespace: string | null;
  /** Time of the lock, ISO 8601. */
  readonly since: string;
  /** Unique to this lock. */
  readonly token: string;
}

/** A process's view of its machine. */
export interface Machine extends Pick<Holder, 'host' | 'pid' | 'boot' | 'namespace'> {
  /** Start time of a process; null if unknown, undefined if there is no such process. */
  startOf(pid: number): string | null | undefined;
}

/** 'unknown': it may run on another machine or in another container. */
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
    // EPERM: the process exists but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Field 22. The name before it may contain any character. */
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

/** Null if the text is not a lock's content: another process may still be writing it. */
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
