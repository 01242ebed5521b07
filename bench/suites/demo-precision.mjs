// @ts-check
// The accuracy of the demo in bfloat16 and in float32, from the same three seeds.
import { experiment, hasFashion, trainFashion } from '../lib/fashion.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

const SEEDS = [0, 1, 2];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ workers = 2, say }) {
  if (!hasFashion()) {
    say('the images of the demo are missing: run `npm run demo` once');
    return [];
  }
  /** @type {Row[]} */
  const rows = [];
  for (const seed of SEEDS) {
    const top1 = async (/** @type {Precision} */ precision) => {
      const result = await trainDemo(precision, seed, workers);
      say(`seed ${seed}, ${precision}: ${result.toFixed(2)} %`);
      return result;
    };
    rows.push(row(`bfloat16 vs float32, seed ${seed}`, await top1('bfloat16'), await top1('float32')));
  }
  const mean = (/** @type {'ours' | 'peer'} */ side) =>
    rows.reduce((sum, r) => sum + r[side], 0) / rows.length;
  rows.push(row('bfloat16 vs float32, mean', mean('ours'), mean('peer')));
  for (const { variant, ours, peer } of rows) say(`${variant}: ${(ours - peer).toFixed(2)} points`);
  return rows;
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @returns {Row}
 */
function row(variant, ours, peer) {
  return { name: 'demo-precision', variant, ours, peer, ratio: ours / peer, unit: '% top-1' };
}

/**
 * Trains the demo's configuration and resolves to its final top-1 accuracy in percent.
 * @param {Precision} precision
 * @param {number} seed
 * @param {number} workers
 */
async function trainDemo(precision, seed, workers) {
  const config = await experiment('demo_fashion_mnist');
  config.network.precision = precision;
  return (await trainFashion({ ...config, seed }, workers)).top1;
}
