import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { collectGarbage } from '../../src/run/collect.js';

afterEach(() => vi.doUnmock('node:inspector/promises'));

async function collects(): Promise<boolean> {
  const made = garbage();
  // A WeakRef keeps its target alive until the end of the event loop's turn.
  await setImmediate();
  await collectGarbage();
  await setImmediate();
  return made.deref() === undefined;
}

function garbage(): WeakRef<object> {
  return new WeakRef({ plan: new Array(1000).fill(0) });
}

it('collects unreachable objects', async () => {
  expect(await collects()).toBe(true);
});

it('continues if the inspector is not permitted', async () => {
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
