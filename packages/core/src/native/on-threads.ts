import type { NativeAddon } from './addon.js';

/**
 * Loads a native addon that computes on `count` threads. It would use every processor of the affinity, and
 * OpenMP reads only OMP_NUM_THREADS, once. A value of the user takes precedence, and child processes see none
 * of ours.
 */
export function onThreads<A extends Pick<NativeAddon, 'threads'>>(count: number, load: () => A): A {
  if (process.env.OMP_NUM_THREADS !== undefined) return load();
  process.env.OMP_NUM_THREADS = String(count);
  try {
    const addon = load();
    // Some runtimes read the variable when they are first asked.
    addon.threads();
    return addon;
  } finally {
    delete process.env.OMP_NUM_THREADS;
  }
}
