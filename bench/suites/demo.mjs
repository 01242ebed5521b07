// @ts-check
// The training of `npm run demo` (two epochs of Fashion-MNIST with their validation) and PyTorch's of the
// same configuration, one after the other: time and accuracy. Initial weights, order and crops are drawn
// differently on each side.
import { cpu } from '@inplace-abn/core';
import { DATA, experiment, hasFashion, trainFashion } from '../lib/fashion.mjs';
import { Peer, pythons } from '../lib/peer.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ workers = 2, say }) {
  if (!hasFashion()) {
    say('the images are missing: run `npm run demo` once');
    return [];
  }
  const config = await experiment('demo_fashion_mnist');
  const ours = await trainFashion(config, workers);
  say(`ours ${ours.seconds.toFixed(0)} s, ${ours.top1.toFixed(2)} %`);
  /** @type {Row[]} */
  const rows = [];
  for (const python of pythons()) {
    const args = [DATA, JSON.stringify(config), '--threads', cpu().threads, '--workers', workers];
    const peer = await Peer.start('train_fashion.py', args, { python });
    try {
      const theirs = await peer.fields('train', ['top1', 'seconds']);
      say(`${peer.pytorch} ${theirs.seconds.toFixed(0)} s, ${theirs.top1.toFixed(2)} %`);
      rows.push(
        row(`training and validation, ${peer.pytorch}`, ours.seconds, theirs.seconds, 's'),
        row(`accuracy, ${peer.pytorch}`, ours.top1, theirs.top1, '% top-1'),
      );
    } finally {
      await peer.stop();
    }
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {Row}
 */
const row = (variant, ours, peer, unit) => ({ name: 'demo', variant, ours, peer, ratio: ours / peer, unit });
