// @ts-check
// Measures the resident growth of a trainer in a process of its own, started with --expose-gc; prints JSON.
// Before: a step on small images has loaded the libraries and grown the JavaScript heap, and its arena is
// gone. The initial weights and images stay. After: the peak over several training steps.
import { setImmediate } from 'node:timers/promises';
import { cpu } from '@inplace-abn/core';
import { ordinaryBytes } from '@inplace-abn/recipes';
import { resetPeak, residentBytes } from './resident.mjs';
import { fineTuningConfig, networkConfig, trainerOf } from './training.mjs';

const [arch = 'resnet50', batch = '16', precision = 'float32', steps = '3', kind] = process.argv.slice(2);
if (precision !== 'float32' && precision !== 'bfloat16') throw new Error(`unknown precision ${precision}`);

await collectGarbage();
const empty = residentBytes().now;
const configOf = kind === 'fine-tuning' ? fineTuningConfig : networkConfig;
await trainerOf(configOf(arch, 2, precision, 32), cpu())().step();
await collectGarbage();
const libraries = residentBytes().now - empty;
const config = configOf(arch, Number(batch), precision);
const makeTrainer = trainerOf(config, cpu());
await collectGarbage();
resetPeak();
const before = residentBytes().now;
const { engine, step } = makeTrainer();
for (let done = 0; done < Number(steps); done++) await step();
const { peak } = residentBytes();
const { weights, optimizer } = engine.plan.bytes;
const ordinary = ordinaryBytes(config, Number(batch)).activations;
const states = weights + optimizer;
const measured = { growth: peak - before, planned: engine.bytes, weights: states, ordinary, libraries };
process.stdout.write(`${JSON.stringify(measured)}\n`);

/** Finalizers free array buffers; they run between turns of the event loop. */
async function collectGarbage() {
  if (!globalThis.gc) throw new Error('memory-child.mjs needs node --expose-gc');
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await setImmediate();
  }
}
