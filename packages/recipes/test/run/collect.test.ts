import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collectBefore } from '../../src/run/collect.js';

function garbage(): WeakRef<object> {
  return new WeakRef({ plan: new Array(1000).fill(0) });
}

it('collects before more is taken than the heap holds', async () => {
  const made = garbage();
  // A WeakRef holds its target until the turn ends.
  await setImmediate();
  await collectBefore(2 ** 50);
  await setImmediate();
  expect(made.deref()).toBeUndefined();
});
