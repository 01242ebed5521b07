/**
 * The memory of the training program, from start to end, compared with the memory that its plan predicts.
 */
import { expect, it } from 'vitest';
import { processMemoryOf } from '../../../bench/lib/process-memory.mjs';

/**
 * This runs on any CPU and version of Node, whose code and heaps differ by some tens of megabytes. The
 * benchmark `process-memory`, on one machine, checks for 2 %.
 */
const WITHIN = 0.25;

it('process memory matches the plan and stays within its bound', async () => {
  const { peak, expected, most } = await processMemoryOf({
    arch: 'resnet18',
    batch: 8,
    precision: 'float32',
  });
  expect(Math.abs(peak / expected - 1)).toBeLessThan(WITHIN);
  expect(peak).toBeLessThan(most);
});
