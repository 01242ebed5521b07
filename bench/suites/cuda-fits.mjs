// @ts-check
// The largest batch whose training step fits in 16, 40 and 80 GB, found by bisection on plans alone, with
// this device's kernels and workspaces. Runs two steps with the batches that fit on this device.
import { compile } from '@inplace-abn/core';
import { cuda } from '@inplace-abn/cuda';
import { networkOf, taskOf, trainingStep } from '@inplace-abn/recipes';
import { networkConfig, trainerOf } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

const GIGABYTE = 1e9;
const CAPACITIES = [16, 40, 80];
/** Memory for the driver, libraries and images in flight, in addition to the plan. */
const RESERVE = 1.5 * GIGABYTE;
const NETWORKS = ['resnet50', 'resnext101', 'wider_resnet38'];
const MOST = 8192;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ batch = MOST, say }) {
  /** @type {Row[]} */
  const rows = [];
  const here = cuda().availableBytes();
  for (const arch of NETWORKS) {
    for (const capacity of CAPACITIES) {
      const found = largest(arch, 'bfloat16', capacity * GIGABYTE - RESERVE, batch);
      const fits = found > 0 && capacity * GIGABYTE <= here + RESERVE;
      if (fits) await confirm(arch, found);
      const variant = `${arch}, bfloat16, largest batch in ${capacity} GB${fits ? ', confirmed' : ''}`;
      say(`${variant}: ${found}`);
      const needed = bytesOf(arch, 'bfloat16', Math.max(1, found)) / GIGABYTE;
      rows.push({
        name: 'cuda-fits',
        variant,
        ours: found,
        peer: needed,
        ratio: needed / capacity,
        unit: 'images, GB',
      });
    }
  }
  return rows;
}

/**
 * @param {string} arch
 * @param {Precision} precision
 * @param {number} batch
 */
function bytesOf(arch, precision, batch) {
  const config = networkConfig(arch, batch, precision);
  const shape = { batch, crop: config.input.crop_train };
  const graph = trainingStep(
    networkOf(config.network),
    config.optimizer,
    shape,
    taskOf(config).objective,
    null,
  );
  const { arenaBytes, bytes } = compile(graph, cuda(), { precision });
  return arenaBytes + bytes.weights + bytes.optimizer;
}

/**
 * @param {string} arch
 * @param {Precision} precision
 * @param {number} budget
 * @param {number} most
 */
function largest(arch, precision, budget, most) {
  const fits = (/** @type {number} */ batch) => bytesOf(arch, precision, batch) <= budget;
  let [low, high] = [0, 1];
  while (high <= most && fits(high)) [low, high] = [high, high * 2];
  // An eighth is fine enough to choose a batch.
  while (high - low > Math.max(1, low / 8)) {
    const middle = (low + high) >> 1;
    if (middle <= most && fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * @param {string} arch
 * @param {number} batch
 */
async function confirm(arch, batch) {
  const { step } = trainerOf(networkConfig(arch, batch, 'bfloat16'), cuda())();
  await step();
  await step();
}
