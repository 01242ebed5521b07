// @ts-check
// Every convolution of ResNet-50's training step (or of --networks) by itself: the kernel chosen for it
// compared with oneDNN's own in the same dtype. Operations count as in the direct sum, whatever the kernel
// computes.
import { cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import {
  bareSeconds,
  chosenSeconds,
  convolutionsOf,
  describeConvolution,
} from '../lib/bare-convolutions.mjs';
import { networksOf } from '../lib/networks.mjs';
import { rowsInTurn } from '../lib/pairs.mjs';
import { networkConfig, PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */

const GIGA = 1e9;
const TURNS = 3;

/** @param {BenchOptions} options */
export async function run(options) {
  const networks = networksOf({ ...options, networks: options.networks ?? ['resnet50'] });
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networks) {
    for (const precision of PRECISIONS) {
      rows.push(...(await measure(arch, batch, precision, options)));
    }
  }
  return rows;
}

/**
 * @param {string} arch
 * @param {number} batch
 * @param {import('../lib/training.mjs').Precision} precision
 * @param {BenchOptions} options
 */
async function measure(arch, batch, precision, { limits, say }) {
  const { plan } = planReport(networkConfig(arch, batch, precision), batch, cpu());
  const best = limits?.products[precision];
  /** @type {Row[]} */
  const rows = [];
  for (const { spec, count, flops } of convolutionsOf(plan)) {
    if (spec.attrs.groups !== 1) continue;
    let name = '';
    const chosen = async () => {
      const kernel = await chosenSeconds(cpu(), spec);
      name = kernel.name;
      return flops / kernel.seconds / GIGA;
    };
    const bare = async () => flops / (await bareSeconds(cpu(), spec)) / GIGA;
    const variant = `${arch}, ${precision}, ${describeConvolution(spec)}`;
    const options = { name: 'convolutions', unit: 'GFLOP/s', warmUp: 0, rounds: TURNS, say };
    const measured = await rowsInTurn([{ variant, run: chosen }], bare, options);
    say(`  by ${name}, ${count} times`);
    rows.push(...measured.map((row) => ({ ...row, share: best && (row.ours * GIGA) / best })));
  }
  return rows;
}
