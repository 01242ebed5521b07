import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Bytes this process can still allocate, limited by the system's free memory and the process's cgroup. */
export function availableMemory(): number {
  return Math.min(systemAvailable(), groupAvailable());
}

function systemAvailable(): number {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(readText('/proc/meminfo'));
  return match ? Number(match[1]) * 1024 : freemem();
}

function groupAvailable(): number {
  const limit = Number(readText('/sys/fs/cgroup/memory.max'));
  const used = Number(readText('/sys/fs/cgroup/memory.current'));
  return limit > 0 && used > 0 ? limit - used : Number.POSITIVE_INFINITY;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
