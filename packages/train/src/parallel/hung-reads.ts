/** Lets a process exit although storage does not answer its reads. */
import { loadNative } from '@inplace-abn/core';
import { hungThreads } from '@inplace-abn/data';
import type { Peers } from './peers.js';

let watching = false;

/** Lets this process exit even if loader threads are stuck in a read; Node would wait for them. */
export function outliveHungReads(): void {
  if (watching) return;
  watching = true;
  process.once('exit', (code) => {
    if (hungThreads() > 0) loadNative().exitNow(code);
  });
}

/** The outcome of `work`. @throws what `work` throws, or the signal's reason if that comes first */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * The outcome of `work`, unless a peer is lost and `work` does not settle within the peer timeout after that:
 * it may be stuck in storage.
 *
 * @throws what `work` throws, or CommError that names the lost peer
 */
export async function unlessLost<T>(work: Promise<T>, { lost, lossMs }: Peers): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let begin: () => void = () => {};
  const overdue = new Promise<never>((_, reject) => {
    begin = () => {
      timer = setTimeout(() => reject(lost.reason), lossMs);
    };
  });
  if (lost.aborted) begin();
  else lost.addEventListener('abort', begin, { once: true });
  try {
    return await Promise.race([work, overdue]);
  } finally {
    lost.removeEventListener('abort', begin);
    clearTimeout(timer);
  }
}

/**
 * Exits this process with its current exit code in at most `ms` milliseconds, whatever it still waits for.
 */
export function endWithin(ms: number): void {
  process.once('exit', (code) => loadNative().exitNow(code));
  setTimeout(() => process.exit(), ms).unref();
}
