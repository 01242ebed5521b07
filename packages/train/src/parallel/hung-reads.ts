/** Reads that storage does not answer, and a process that is to end all the same. */
import { loadNative } from '@inplace-abn/core';
import { hungThreads } from '@inplace-abn/data';

let watching = false;

/** Lets this process end in spite of loader threads that wait for a file: Node would wait for them. */
export function outliveHungReads(): void {
  if (watching) return;
  watching = true;
  process.once('exit', (code) => {
    if (hungThreads() > 0) loadNative().exitNow(code);
  });
}

/** The outcome of `work`; rejects with the signal's reason where that comes first. */
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

/** Ends this process, with the exit code that it has by then, `ms` from now at the latest: whatever it still waits for. */
export function endWithin(ms: number): void {
  process.once('exit', (code) => loadNative().exitNow(code));
  setTimeout(() => process.exit(), ms).unref();
}
