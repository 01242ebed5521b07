/** One arena serves all plans: it has the size of the largest and is replaced only by a larger one. */
import { cpu, type Device, type DeviceMemory } from '@inplace-abn/core';
import { expect, it } from 'vitest';
import { batchOf, session } from './support/stripes.js';

const SIZES = [3, 12, 5, 7, 20, 4, 9];

it('seven batch sizes need only the arena of the largest plan, however often they alternate', async () => {
  const blocks: DeviceMemory[] = [];
  const kept: boolean[] = [];
  const device: Device = Object.create(cpu(), {
    allocate: {
      value(bytes: number): DeviceMemory {
        // The previous arena (the second block holds the states). Memory that was returned to the system
        // reads as zeros.
        const before = blocks.length > 1 ? (blocks[2] ?? blocks[0]) : undefined;
        if (before) kept.push(before.read(0, before.bytes).some((byte) => byte !== 0));
        const memory = cpu().allocate(bytes);
        blocks.push(memory);
        return memory;
      },
    },
  });
  const own = session({ device });
  const round = async (step: number) => {
    for (const size of SIZES) {
      const { x, y } = batchOf(size, step);
      await own.train(x, y);
      await own.predict(x.subarray(0, x.length / size));
    }
  };
  await round(0);
  // The weights with the optimizer state, and the arenas of batches of 3, 12 and 20, each released before the
  // next is allocated.
  expect(blocks).toHaveLength(4);
  expect(kept).toEqual([false, false]);
  expect(blocks.at(-1)?.bytes).toBe(own.plan({ train: Math.max(...SIZES) }).raw.arenaBytes);
  for (let step = 1; step < 6; step++) await round(step);
  expect(blocks).toHaveLength(4);
});
