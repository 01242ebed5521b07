/** Processes that wait for a batch that storage never delivers. */
import { EventEmitter } from 'node:events';
import type { Batch, EpochOptions } from '@inplace-abn/data';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unlessLost } from '../../src/parallel/hung-reads.js';
import { ALONE, type Peers } from '../../src/parallel/peers.js';
import { Halting } from '../../src/run/halting.js';
import { StopRequest } from '../../src/run/stop.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const batch = { number: 0, release() {} } as unknown as Batch;
const LOSS = new Error('rank 1 at 10.0.0.2:4711 was lost: it sent nothing for 60 s');

/** Delivers one batch, then hangs until its signal aborts. */
const hung = {
  async *epoch(_: number, { signal }: EpochOptions = {}) {
    yield batch;
    await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  },
};

function setting(peers: Peers) {
  const signals = new EventEmitter();
  const halting = new Halting(new StopRequest(() => {}, signals), peers);
  let seen = 0;
  const visit = async () => {
    for await (const _ of halting.batches(hung, 0)) seen++;
    return seen;
  };
  return { signals, halting, outcome: visit().catch((error: Error) => error.message) };
}

describe('a process that waits for data', () => {
  it('stops on request if it is alone', async () => {
    const { signals, halting, outcome } = setting(ALONE);
    await vi.advanceTimersByTimeAsync(1_000);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await outcome).toBe(1);
    expect(halting.signal).toBe('SIGTERM');
  });

  function several() {
    const lost = new AbortController();
    return { lost, ...setting({ ...ALONE, size: 2, lost: lost.signal, lossMs: 60_000 }) };
  }

  it('ends when another process is lost', async () => {
    const { lost, outcome } = several();
    await vi.advanceTimersByTimeAsync(1_000);
    lost.abort(LOSS);
    expect(await outcome).toBe(LOSS.message);
  });

  it('keeps waiting after a stop request as long as the others may wait for its batch', async () => {
    const { signals, halting, outcome } = several();
    let ended = false;
    void outcome.then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    signals.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(ended).toBe(false);
    expect(halting.request).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await outcome).toMatch(/^this process was asked to stop but has waited 60 s for data/);
  });

  it('stops waiting once all have agreed to stop', async () => {
    const { halting, outcome } = several();
    await vi.advanceTimersByTimeAsync(1_000);
    halting.hear(1);
    expect(await outcome).toBe(1);
  });
});

describe('work that does not end when a peer is lost', () => {
  it('is abandoned after the peer timeout', async () => {
    const lost = new AbortController();
    const peers = { ...ALONE, lost: lost.signal, lossMs: 60_000 };
    const outcome = unlessLost(new Promise<never>(() => {}), peers).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(1_000_000);
    lost.abort(LOSS);
    let ended = false;
    void outcome.then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await outcome).toBe(LOSS.message);
  });

  it('keeps its own outcome if it has one', async () => {
    const lost = new AbortController();
    const peers = { ...ALONE, lost: lost.signal, lossMs: 60_000 };
    const saved = new Promise<string>((resolve) => setTimeout(() => resolve('saved'), 30_000));
    const outcome = unlessLost(saved, peers);
    lost.abort(LOSS);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await outcome).toBe('saved');
    expect(vi.getTimerCount()).toBe(0);
  });
});
