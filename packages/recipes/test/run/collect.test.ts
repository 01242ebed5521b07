import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { collectGarbage } from '../../src/run/collect.js';

afterEach(() => vi.doUnmock('node:inspector/promises'));

async function collects(): Promise<boolean> {
  const made = garbage();
  // A WeakRef holds its target until the turn ends.
  await setImmediate();
  await collectGarbage();
  await setImmediate();
  return made.deref() === undefined;
}

function garbage(): WeakRef<object> {
  return new WeakRef({ plan: new Array(1000).fill(0) });
}

it('collects what nothing refers to', async () => {
  expect(await collects()).toBe(true);
});

it('continues if the inspector is denied', async () => {
  const connect = vi.fn(() => {
    throw new Error('Access to this API has been restricted');
  });
  class Session {
    connect = connect;
  }
  vi.doMock('node:inspector/promises', () => ({ Session }));
  await collectGarbage();
  expect(connect).toHaveBeenCalledOnce();
});
