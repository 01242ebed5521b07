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
    const { name, seconds, bare } = await inTurn(spec);
    const variant = `${arch}, ${precision}, ${describeConvolution(spec)}`;
    say(
      `${variant}, ${count} times: ${(seconds * 1e3).toFixed(2)} ms by ${name}, ${(bare * 1e3).toFixed(2)} ms`,
    );
    const [ours, peer] = [flops / seconds / GIGA, flops / bare / GIGA];
    const share = best && (ours * GIGA) / best;
    rows.push({ name: 'convolutions', variant, ours, peer, ratio: ours / peer, unit: 'GFLOP/s', share });
  }
  return rows;
}

/**
 * The shortest times of both, measured in turn: on a shared machine one of them could meet a busy minute.
 * @param {import('@inplace-abn/core').KernelSpec} spec
 */
async function inTurn(spec) {
  let [name, seconds, bare] = ['', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn++) {
    const chosen = await chosenSeconds(cpu(), spec);
    name = chosen.name;
    seconds = Math.min(seconds, chosen.seconds);
    bare = Math.min(bare, await bareSeconds(cpu(), spec));
  }
  return { name, seconds, bare };
}
