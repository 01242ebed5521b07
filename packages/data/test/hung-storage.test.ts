/** A loader whose reads never return, as when a network file system has lost its server. */
import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';

/** Accepts every task, completes none, and exits when its read returns. */
class HungWorker extends EventEmitter {
  static readonly all: HungWorker[] = [];
  readonly calls: string[] = [];

  constructor() {
    super();
    HungWorker.all.push(this);
  }
  postMessage() {}
  ref = () => this.calls.push('ref');
  unref = () => this.calls.push('unref');
  terminate = () => this.calls.push('terminate');
}
vi.mock('node:worker_threads', () => ({ Worker: HungWorker }));
const { createLoader, evalTransform, hungThreads, sequentialSampler } = await import('../src/index.js');

function loader() {
  const folder = { length: 4, path: (index: number) => `${index}.png`, label: () => 0 };
  const transform = evalTransform({ crop: 2, scale: 2, mean: [0, 0, 0], std: [1, 1, 1] });
  return createLoader({ folder, transform, sampler: sequentialSampler(4), batchSize: 2, workers: 2 });
}

describe('hung storage', () => {
  it('blocks neither an aborted epoch nor process exit', async () => {
    const controller = new AbortController();
    const epoch = loader().epoch(0, { signal: controller.signal });
    const first = epoch.next();
    const reason = new Error('rank 1 was lost');
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(hungThreads()).toBe(HungWorker.all.length);
    for (const { calls } of HungWorker.all) expect(calls.slice(-2)).toEqual(['unref', 'terminate']);
    for (const worker of HungWorker.all) worker.emit('exit', 1);
    expect(hungThreads()).toBe(0);
  });

  it('does not block an epoch that ends for another reason', async () => {
    const controller = new AbortController();
    const epoch = loader().epoch(0, { signal: controller.signal });
    const first = epoch.next().catch((error: unknown) => error);
    const left = epoch.return();
    controller.abort(new Error('rank 1 was lost'));
    await Promise.all([first, left]);
  });
});
