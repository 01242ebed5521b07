/** Resident memory of a Session in a separate process, measured as by the benchmark `session`. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const CHILD = fileURLToPath(new URL('../../../bench/lib/session-child.mjs', import.meta.url));

function measure(what: 'plan' | 'sizes', batch: number, side: number, steps: number) {
  const args = ['--expose-gc', CHILD, what, String(batch), String(side), String(steps)];
  const { growth, planned } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  return { growth: Number(growth), planned: Number(planned) };
}

it('grows by what it plans, within 5 %', () => {
  const { growth, planned } = measure('plan', 64, 64, 3);
  expect(growth).toBeLessThan(1.05 * planned);
  expect(growth).toBeGreaterThan(0.9 * planned);
});

it('stays flat over 1,000 steps of seven batch sizes', () => {
  // The JavaScript heap fluctuates by some megabytes; a leak of 20 KB a step would be 10 MB.
  const { growth } = measure('sizes', 21, 16, 1000);
  expect(growth).toBeLessThan(10e6);
});
