// @ts-check
// The accuracy of the demo in bfloat16 and in float32, from the same three seeds.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, train } from '@inplace-abn/recipes';
import { collectVersions } from '@inplace-abn/train';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

const inRoot = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const CONFIG = inRoot('apps/train-imagenet/experiments/demo_fashion_mnist.json');
const DATA = inRoot('.cache/fashion-mnist');
const SEEDS = [0, 1, 2];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ workers = 2, say }) {
  if (!existsSync(DATA)) {
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
  const config = await loadConfig(CONFIG, { architectures: ARCHITECTURES });
  config.network.precision = precision;
  config.seed = seed;
  const logDir = await mkdtemp(join(tmpdir(), 'iabn-demo-'));
  try {
    const versions = collectVersions(import.meta.url);
    const { validation, stopped } = await train({
      config,
      data: DATA,
      logDir,
      device: cpu(),
      versions,
      workers,
      printFreq: 100,
      stream: { write: () => true, isTTY: false },
    });
    if (validation?.top1 === undefined)
      throw new Error(`the run ended without a validation (stopped by ${stopped})`);
    return validation.top1;
  } finally {
    await rm(logDir, { recursive: true });
  }
}
