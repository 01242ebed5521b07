// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Resident bytes of this process, now and at the peak since the last reset.
 * @returns {{ now: number, peak: number }}
 */
export function residentBytes() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (/** @type {string} */ name) => {
    return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  };
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** Resets the peak to the current resident size (proc(5), clear_refs). */
export function resetPeak() {
  writeFileSync('/proc/self/clear_refs', '5');
}
