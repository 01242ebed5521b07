// @ts-check
// Measures a Session's resident growth in a process of its own, started with --expose-gc; prints JSON.
// A step on small images comes first, as in memory-child.mjs. `plan`: growth over several steps with one
// batch size, and the planned bytes. `sizes`: growth over the second half of many steps with seven batch
// sizes.
import { setImmediate } from 'node:timers/promises';
import { samplesOf, sessionOf } from './own-network.mjs';
import { resetPeak, residentBytes } from './resident.mjs';

const [what = 'plan', batch = '64', side = '64', steps = '3'] = process.argv.slice(2);

const small = samplesOf(2, 16);
await sessionOf(16).train(small.x, small.y);
await collectGarbage();
process.stdout.write(`${JSON.stringify(what === 'plan' ? await overPlan() : await overSizes())}\n`);

async function overPlan() {
  const { x, y } = samplesOf(Number(batch), Number(side));
  await collectGarbage();
  resetPeak();
  const before = residentBytes().now;
  const session = sessionOf(Number(side));
  for (let done = 0; done < Number(steps); done++) await session.train(x, y);
  return {
    growth: residentBytes().peak - before,
    planned: session.plan({ train: Number(batch) }).bytes,
  };
}

async function overSizes() {
  const sizes = [1, 2, 3, 5, 8, 13, 21].map((size) => Math.ceil((size * Number(batch)) / 21));
  const batches = sizes.map((size) => samplesOf(size, Number(side)));
  const session = sessionOf(Number(side));
  const round = async () => {
    for (const { x, y } of batches) await session.train(x, y);
  };
  const rounds = Math.ceil(Number(steps) / sizes.length);
  for (let done = 0; done < Math.ceil(rounds / 2); done++) await round();
  await collectGarbage();
  const before = residentBytes().now;
  for (let done = Math.ceil(rounds / 2); done < rounds; done++) await round();
  await collectGarbage();
  return { growth: residentBytes().now - before, planned: session.plan({ train: Math.max(...sizes) }).bytes };
}

/** Finalizers free array buffers; they run between turns of the event loop. */
async function collectGarbage() {
  if (!globalThis.gc) throw new Error('session-child.mjs needs node --expose-gc');
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await setImmediate();
  }
}
