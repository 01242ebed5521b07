// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Bytes of physical memory this process holds, and the most it ever held since its peak was last reset.
 * @returns {{ now: number, peak: number }}
 */
export function residentBytes() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (/** @type {string} */ name) => {
    return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  };
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** Makes what is resident now the peak (proc(5), clear_refs). */
export function resetPeak() {
  writeFileSync('/proc/self/clear_refs', '5');
}
