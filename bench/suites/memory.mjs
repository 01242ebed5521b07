// @ts-check
// Resident growth of a trainer compared with the plan (arena and store), and with PyTorch's growth for the
// same step. Fine-tuning has ReLU, ordinary batch norm and frozen statistics: its growth without weights is
// compared with the ordinary activations, counted under PyTorch's rules. Each trainer runs in its own
// process.
import { cpu } from '@inplace-abn/core';
import { memoryOf } from '../lib/memory.mjs';
import { networksOf } from '../lib/networks.mjs';
import { Peer, pythons } from '../lib/peer.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/** @typedef {{ arch: string, batch: number, precision: Precision }} What */

const MEGABYTE = 1e6;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 3, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const network of networksOf(options)) {
    for (const precision of PRECISIONS) {
      rows.push(...(await compare({ ...network, precision }, steps, say)));
      rows.push(...fineTuning({ ...network, precision }, steps));
    }
  }
  return rows;
}

/**
 * @param {What} what
 * @param {number} steps
 * @returns {Row[]}
 */
function fineTuning(what, steps) {
  const { growth, planned, weights, ordinary } = memoryOf(what, steps, 'fine-tuning');
  const variant = `${what.arch} fine-tuning, ${what.precision}, batch ${what.batch}`;
  return [
    row(`${variant}, resident over plan`, growth, planned),
    row(`${variant}, without weights vs ordinary activations`, growth - weights, ordinary),
  ];
}

/**
 * @param {What} what
 * @param {number} steps
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function compare(what, steps, say) {
  const { growth, planned, weights } = memoryOf(what, steps);
  const variant = `${what.arch}, ${what.precision}, batch ${what.batch}`;
  const rows = [row(`${variant}, resident over plan`, growth, planned)];
  for (const python of pythons()) {
    const { pytorch, peer } = await measurePeer(what, steps, python);
    say(`${variant}: ${pytorch}`);
    rows.push(
      row(`${variant}, resident vs ${pytorch}`, growth, peer),
      row(`${variant}, the same without weights vs ${pytorch}`, growth - weights, peer - weights),
    );
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @returns {Row}
 */
function row(variant, ours, peer) {
  const [a, b] = [ours / MEGABYTE, peer / MEGABYTE];
  return { name: 'memory', variant, ours: a, peer: b, ratio: a / b, unit: 'MB' };
}

/**
 * @param {What} what
 * @param {number} steps
 * @param {string} python
 */
async function measurePeer({ arch, batch, precision }, steps, python) {
  const network = ['--arch', arch, '--batch', batch, '--dtype', precision];
  const peer = await Peer.start('train.py', [...network, '--threads', cpu().threads], { python });
  try {
    let peak = 0;
    for (let done = 0; done < steps; done++) peak = await peer.ask('step', 'peakRssBytes');
    return { pytorch: peer.pytorch, peer: peak - Number(peer.ready.rssAtStartBytes) };
  } finally {
    await peer.stop();
  }
}
