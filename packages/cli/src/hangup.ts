/**
 * Detects whether the process should outlive its terminal: `nohup`, or `trap '' HUP` in the script that
 * started it.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Evidence of a start with SIGHUP ignored; null if the system does not tell. */
export interface StartFacts {
  /** Shells set it to the path of the command: `/usr/bin/nohup`. */
  readonly command: string | undefined;
  /** File of standard input and its open flags. */
  readonly stdin: { readonly path: string; readonly flags: number } | null;
  /** Signals that the parent ignores; bit N − 1 is signal N. */
  readonly parentIgnores: bigint | null;
}

const SIGHUP_BIT = 1n;
const [ACCESS_MODE, WRITE_ONLY] = [3, 1];

/**
 * Node resets ignored signals when it starts, so the disposition itself is lost. Three traces remain: the
 * command name, standard input (`nohup` opens /dev/null write-only instead of a terminal), and a parent that
 * ignores SIGHUP.
 */
export function startedWithoutHangup({ command, stdin, parentIgnores }: StartFacts): boolean {
  if (command !== undefined && basename(command) === 'nohup') return true;
  if (stdin?.path === '/dev/null' && (stdin.flags & ACCESS_MODE) === WRITE_ONLY) return true;
  return parentIgnores !== null && (parentIgnores & SIGHUP_BIT) !== 0n;
}

let known: boolean | undefined;

/** Whether this process was started to ignore a hangup, as by nohup. Cached, because the parent may exit. */
export function hangupIgnored(): boolean {
  known ??= startedWithoutHangup({
    command: process.env._,
    stdin: orNull(() => ({
      path: readlinkSync('/proc/self/fd/0'),
      flags: Number.parseInt(field('/proc/self/fdinfo/0', 'flags'), 8),
    })),
    parentIgnores: orNull(() => BigInt(`0x${field(`/proc/${process.ppid}/status`, 'SigIgn')}`)),
  });
  return known;
}

/** The value in the line `NAME:  VALUE`. */
function field(path: string, name: string): string {
  const value = new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${path} has no ${name}`);
  return value;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
