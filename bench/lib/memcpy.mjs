// @ts-check
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const FILE = new URL('./memcpy-worker.mjs', import.meta.url);

/**
 * Starts `threads` workers that together copy arrays of `bytes`. `bandwidth` has them make `repeats` copies
 * and resolves to bytes read plus bytes written per second; `stop` ends them.
 * @param {number} bytes
 * @param {number} threads
 * @param {number} repeats
 */
export async function startMemcpy(bytes, threads, repeats) {
  const part = Math.ceil(bytes / threads);
  const workers = Array.from(
    { length: threads },
    () => new Worker(FILE, { workerData: { bytes: part, repeats } }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return {
    async bandwidth() {
      const done = workers.map((worker) => once(worker, 'message'));
      for (const worker of workers) worker.postMessage('go');
      const seconds = (await Promise.all(done)).map(([value]) => Number(value));
      return (2 * part * threads * repeats) / Math.max(...seconds);
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
