/** Sums that one program starts in the background while a run of another one stops. */
import { loadNative } from '@inplace-abn/core';
import { expect, it, onTestFinished } from 'vitest';

const ELEMENTS = 4;
const SUM = { dtype: 'float32', shape: [ELEMENTS] } as const;

/**
 * A program that starts a sum in a group of its own, stops if the sum is not finite, and waits for the sum.
 */
function summing(group: string) {
  const { Group, Kernel, Memory, Program } = loadNative();
  const timeouts = { timeoutMs: 60_000, connectTimeoutMs: 60_000 };
  const native = new Group({ name: group, rank: 0, size: 1, perNode: 1, hostname: '', ...timeouts });
  onTestFinished(() => native.close());
  const sum = { memory: new Memory(4 * ELEMENTS), offset: 0 };
  const inPlace = (op: string) => ({
    kernel: new Kernel({ op, attrs: { group }, inputs: [SUM], outputs: [SUM] }),
    ...{ inputs: [sum], outputs: [sum], workspace: null },
  });
  const guard = new Kernel({ op: 'guard_finite', attrs: { what: 'the sum' }, inputs: [SUM], outputs: [] });
  const program = new Program([
    inPlace('all_reduce_start'),
    { kernel: guard, inputs: [sum], outputs: [], workspace: null },
    inPlace('all_reduce_wait'),
  ]);
  const run = (begin: number, end: number, value: number) => {
    const data = new Uint8Array(new Float32Array(ELEMENTS).fill(value).buffer);
    return program.run([{ ...sum, length: data.length, data }], [], begin, end, false);
  };
  return { start: () => run(0, 1, 1), stop: () => run(0, 2, Number.NaN), wait: () => run(2, 3, 1) };
}

it('a stopped run forgets its own sums only', async () => {
  const [one, other] = [summing('pending sums 1'), summing('pending sums 2')];
  await other.start();
  await expect(one.stop()).rejects.toMatchObject({ code: 'RUN_STOPPED' });
  await other.wait();
  await expect(one.wait()).rejects.toThrow('no pending sum in this memory');
});
