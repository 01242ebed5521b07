import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SignalSource, StopSignals } from '../src/index.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Signals extends EventEmitter implements SignalSource {
  send(signal: NodeJS.Signals): boolean {
    return this.emit(signal, signal);
  }
}

describe('StopSignals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('reports the first %s', (signal) => {
    const [source, first] = [new Signals(), vi.fn()];
    const stop = new StopSignals({ first }, source, false);
    source.send(signal);
    expect(first.mock.calls).toEqual([[signal]]);
    stop.dispose();
  });

  it('leaves SIGHUP alone if the process was started to ignore it', () => {
    const [source, first] = [new Signals(), vi.fn()];
    const stop = new StopSignals({ first }, source, true);
    expect(source.send('SIGHUP')).toBe(false);
    expect(first).not.toHaveBeenCalled();
    stop.dispose();
    expect(source.eventNames()).toEqual([]);
  });

  it('counts simultaneous signals from a process group and forwarders as one request', () => {
    const [source, first, again] = [new Signals(), vi.fn(), vi.fn()];
    const stop = new StopSignals({ first, again }, source, false);
    for (let copy = 0; copy < 3; copy++) source.send('SIGTERM');
    vi.advanceTimersByTime(100);
    source.send('SIGTERM');
    expect([first.mock.calls.length, again.mock.calls.length]).toEqual([1, 0]);
    vi.advanceTimersByTime(1000);
    source.send('SIGINT');
    expect([first.mock.calls.length, again.mock.calls.length]).toEqual([1, 1]);
    stop.dispose();
  });

  it('lets a second request take its own effect', () => {
    const [source, first] = [new Signals(), vi.fn()];
    new StopSignals({ first }, source, false);
    source.send('SIGINT');
    vi.advanceTimersByTime(1000);
    // No listener is left, so Node would exit.
    expect(source.send('SIGINT')).toBe(false);
  });
});
