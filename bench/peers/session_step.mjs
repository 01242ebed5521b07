// @ts-check
// Times training steps of the own network, or of --arch, on the addon that IABN_ADDON names.
//
//   node session_step.mjs --batch N --side N [--arch NAME --precision float32|bfloat16]
//
// The first line printed says {"ready": true, ...} or {"error": "..."}. Then "step" on standard input trains
// one step and prints {"seconds": ..., "cpu": ..., "loss": ...}, cpu: of all threads; "quit" or the end of
// input ends the program.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { cpu } from '@inplace-abn/core';
import { samplesOf, sessionOf } from '../lib/own-network.mjs';
import { networkConfig, trainerOf } from '../lib/training.mjs';

const say = (/** @type {object} */ answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const text = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({ options: { batch: text, side: text, arch: text, precision: text } });
const [batch, side] = [Number(values.batch), Number(values.side)];

/** A function that trains a step and resolves to its loss. */
function stepOf() {
  if (values.arch) {
    const precision = values.precision === 'bfloat16' ? 'bfloat16' : 'float32';
    return trainerOf(networkConfig(values.arch, batch, precision, side), cpu())().step;
  }
  const { x, y } = samplesOf(batch, side);
  const session = sessionOf(side);
  return async () => (await session.train(x, y)).loss;
}

try {
  const step = stepOf();
  say({ ready: true, machine: cpu().machine });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === 'quit') break;
    const [begin, before] = [performance.now(), process.cpuUsage()];
    const loss = await step();
    const { user, system } = process.cpuUsage(before);
    say({ seconds: (performance.now() - begin) / 1000, cpu: (user + system) / 1e6, loss });
  }
} catch (error) {
  say({ error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
}
process.exit();
