// @ts-check
// Times the instructions of a training step, each by its shortest run; reads the kernels to use from standard
// input, prints JSON.
import { readFileSync } from 'node:fs';
import { costOf, cpu } from '@inplace-abn/core';
import { measureLimits } from '@inplace-abn/train';
import { accessesOf, nearShare } from './memory-nodes.mjs';
import { recordingDevice } from './recording-device.mjs';
import { networkConfig, trainerOf } from './training.mjs';
import { secondsOf, takeTurns } from './turns.mjs';

const [arch = 'resnet50', batch = '16', precision = 'float32', steps = '4'] = process.argv.slice(2);
if (precision !== 'float32' && precision !== 'bfloat16') throw new Error(`unknown precision ${precision}`);

/** Sockets of the assumed machine. */
const NODES = 2;

/** By specification. @type {Record<string, string>} */
const names = JSON.parse(readFileSync(0, 'utf8'));
const { device, specs } = recordingDevice(names);

const { bandwidth } = await measureLimits(cpu(), []);
const { engine, step } = trainerOf(networkConfig(arch, Number(batch), precision), device)();
const { plan } = engine;
const seconds = plan.instructions.map(() => Number.POSITIVE_INFINITY);
await step();
engine.trace((timings) => {
  for (const [index, { begin, end }] of timings.entries()) {
    seconds[index] = Math.min(seconds[index] ?? 0, end - begin);
  }
});
const [times = []] = await takeTurns([() => secondsOf(step)], { warmUp: 0, rounds: Number(steps) });
const instructions = plan.instructions.map(({ node, kernel }, index) => {
  const choice = kernel.choice ? `, ${kernel.choice.name}` : '';
  return {
    kind: `${node.op.name}${choice}`,
    path: node.path,
    implementation: kernel.implementation,
    spec: specs.get(kernel) ?? null,
    seconds: seconds[index],
    bytes: costOf(plan.graph, node).bytes,
  };
});
const near = nearShare(accessesOf(plan, Number(batch)), NODES);
process.stdout.write(JSON.stringify({ times, bandwidth, near, names, instructions }));
