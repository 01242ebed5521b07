/**
 * The memory of the program that trains, from its start to its end, compared with the memory that its plan
 * expects.
 */
import { expect, it } from 'vitest';
import { processMemoryOf } from '../../../bench/lib/process-memory.mjs';

/** Versions of Node and instruction sets differ in their code and heaps by some tens of megabytes. */
const WITHIN = 0.15;

it('is what the plan expects, and within its bound', async () => {
  const { peak, expected, most } = await processMemoryOf({
    arch: 'resnet18',
    batch: 8,
    precision: 'float32',
  });
  expect(Math.abs(peak / expected - 1)).toBeLessThan(WITHIN);
  expect(peak).toBeLessThan(most);
});
