// @ts-check
// Accuracy of the families on Fashion-MNIST: small variants trained by train-imagenet's loop and by PyTorch
// from the same configuration (initialization, augmentation, schedule, batch), --steps seeds each. Weights,
// order and crops are drawn differently, so single runs differ by some tenths of a point either way.
import { cpu } from '@inplace-abn/core';
import { DATA, experiment, hasFashion, trainFashion } from '../lib/fashion.mjs';
import { Peer } from '../lib/peer.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/fashion.mjs').Config} Config */

const FAMILIES = ['resnext50', 'densenet121', 'wider_resnet16'];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps: seeds = 2, workers = 2, say }) {
  if (!hasFashion()) {
    say('the images are missing: run `npm run demo` once');
    return [];
  }
  /** @type {Row[]} */
  const rows = [];
  for (const family of FAMILIES) {
    const config = await experiment(`fashion_${family}`);
    /** @type {number[]} */
    const ours = [];
    /** @type {number[]} */
    const theirs = [];
    for (let seed = 0; seed < seeds; seed++) {
      ours.push((await trainFashion({ ...config, seed }, workers)).top1);
      theirs.push(await trainPeer({ ...config, seed }, workers));
      say(
        `${family}, seed ${seed}: ours ${ours.at(-1)?.toFixed(2)} %, PyTorch ${theirs.at(-1)?.toFixed(2)} %`,
      );
    }
    const [a, b] = [mean(ours), mean(theirs)];
    say(`${family}: ${(a - b).toFixed(2)} points from PyTorch, mean of ${seeds}`);
    const variant = `${family}, mean of ${seeds} seeds`;
    rows.push({ name: 'fashion-families', variant, ours: a, peer: b, ratio: a / b, unit: '% top-1' });
  }
  return rows;
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Trains a configuration with PyTorch, and resolves to its final top-1 accuracy in percent.
 * @param {Config} config
 * @param {number} workers
 */
async function trainPeer(config, workers) {
  const args = [DATA, JSON.stringify(config), '--threads', cpu().threads, '--workers', workers];
  const peer = await Peer.start('train_fashion.py', args);
  try {
    return await peer.ask('train', 'top1');
  } finally {
    await peer.stop();
  }
}
