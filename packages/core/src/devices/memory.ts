/** The memory that this process can still allocate, and the limit that decides it. */
import { freemem, totalmem } from 'node:os';
import { groupFolders, type ReadText, textsBelow } from './control-groups.js';

/** Memory that is left under one limit. */
export interface MemoryLimit {
  /** Bytes that this process can still allocate under it. */
  readonly bytes: number;
  /** The limit, such as `memory.max of the control group /sys/fs/cgroup/job`; null: the machine's memory. */
  readonly source: string | null;
}

/** A memory limit as errors name it. */
export interface NamedLimit {
  /** Name of the limit, such as `RLIMIT_DATA (ulimit -d)`. */
  readonly name: string;
  /** How to get more, such as `raise that limit`. */
  readonly remedy: string;
}

/** Options of {@link memoryLimit}. */
export interface LimitOptions {
  /** Bytes that are allocated but not backed by memory yet: resource limits already count them. Default 0. */
  readonly mapped?: number;
  /**
   * True if the addresses of all later allocations are reserved already, as in WebAssembly, so that RLIMIT_AS
   * does not limit them. Default false.
   */
  readonly reserved?: boolean;
  /** Folder that holds `proc`; default the machine's. */
  readonly root?: string;
}

/** Bytes that this process can still allocate; see {@link memoryLimit}. */
export function availableMemory(): number {
  return memoryLimit().bytes;
}

/**
 * The tightest limit of this process: the machine's free memory, the process's control group and its visible
 * ancestors (versions 1 and 2), and the resource limits RLIMIT_AS and RLIMIT_DATA.
 */
export function memoryLimit({ mapped = 0, reserved = false, root = '' }: LimitOptions = {}): MemoryLimit {
  const read = textsBelow(root);
  const limits = [
    { bytes: systemAvailable(read), source: null },
    ...groupLimits(read),
    ...ownLimits(read, mapped, reserved),
  ];
  return limits.reduce((tightest, limit) => (limit.bytes < tightest.bytes ? limit : tightest));
}

/**
 * The limit that {@link memoryLimit} found, for the error of a process that needs more; null: the machine's
 * memory.
 */
export function namedLimit({ source }: MemoryLimit): NamedLimit | null {
  return source === null ? null : { name: source, remedy: 'raise that limit' };
}

function systemAvailable(read: ReadText): number {
  // macOS counts as free only pages that not even a cache uses.
  const otherwise = process.platform === 'darwin' ? totalmem() : freemem();
  return kilobytes(read('/proc/meminfo'), 'MemAvailable') ?? otherwise;
}

/** The number in the line `NAME: N kB`, in bytes. */
function kilobytes(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : 1024 * Number(found);
}

/** Names of a control group's files, which differ between versions. */
interface GroupFiles {
  readonly limit: string;
  readonly used: string;
  /** Lines of memory.stat that count caches of files and names, which the system gives up first. */
  readonly cached: readonly string[];
}

const VERSION_1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cached: ['total_inactive_file', 'total_active_file'],
};
const VERSION_2: GroupFiles = {
  limit: 'memory.max',
  used: 'memory.current',
  cached: ['inactive_file', 'active_file', 'slab_reclaimable'],
};

/** Limits of the process's control groups and of their ancestors that this process can see. */
function groupLimits(read: ReadText): MemoryLimit[] {
  return groupFolders(read, 'memory')
    .map(({ version, path }) => groupLimit(read, path, version === 2 ? VERSION_2 : VERSION_1))
    .filter((limit) => limit !== null);
}

function groupLimit(read: ReadText, folder: string, files: GroupFiles): MemoryLimit | null {
  const limit = read(`${folder}/${files.limit}`);
  const used = Number(read(`${folder}/${files.used}`));
  // The root group has no file; without a limit it says `max` or, in version 1, a number beyond any machine.
  if (limit === '' || !Number.isFinite(Number(limit)) || Number(limit) >= 2 ** 62) return null;
  const stat = read(`${folder}/memory.stat`);
  const cached = files.cached.reduce((sum, name) => {
    return sum + Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
  }, 0);
  const bytes = Number(limit) - Math.max(0, used - cached);
  return { bytes, source: `${files.limit} of the control group ${folder}` };
}

/** Resource limits: their lines in /proc/self/limits, and what /proc/self/status counts against them. */
const RESOURCES = [
  { line: 'Max address space', counted: 'VmSize', source: 'RLIMIT_AS (ulimit -v)' },
  { line: 'Max data size', counted: 'VmData', source: 'RLIMIT_DATA (ulimit -d)' },
] as const;

function ownLimits(read: ReadText, mapped: number, reserved: boolean): MemoryLimit[] {
  const limits = read('/proc/self/limits');
  const status = read('/proc/self/status');
  return RESOURCES.flatMap(({ line, counted, source }) => {
    const limit = new RegExp(`^${line}\\s+(\\d+)`, 'm').exec(limits)?.[1];
    if (limit === undefined || (reserved && counted === 'VmSize')) return [];
    return [{ bytes: Number(limit) - (kilobytes(status, counted) ?? 0) + mapped, source }];
  });
}
