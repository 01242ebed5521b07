// @ts-check
// Resident growth of a trainer compared with the plan (arena and store), and with PyTorch's growth for the
// same step. Fine-tuning has ReLU, ordinary batch norm and frozen statistics: its growth without weights is
// compared with the ordinary activations, counted under PyTorch's rules. Each trainer runs in its own process.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { networksOf } from '../lib/networks.mjs';
import { Peer } from '../lib/peer.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/** @typedef {{ arch: string, batch: number, precision: Precision }} What */

const CHILD = fileURLToPath(new URL('../lib/memory-child.mjs', import.meta.url));
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
  const { growth, planned, weights, ordinary } = measureOurs(what, steps, 'fine-tuning');
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
  const { growth, planned, weights } = measureOurs(what, steps);
  const peer = await measurePeer(what, steps, say);
  const variant = `${what.arch}, ${what.precision}, batch ${what.batch}`;
  return [
    row(`${variant}, resident over plan`, growth, planned),
    row(`${variant}, resident vs PyTorch`, growth, peer),
    row(`${variant}, the same without weights`, growth - weights, peer - weights),
  ];
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
 * `weights` are the bytes of parameters and momenta, `ordinary` those of the activations of ordinary batch norm.
 * @param {What} what
 * @param {number} steps
 * @param {'training' | 'fine-tuning'} [kind]
 * @returns {{ growth: number, planned: number, weights: number, ordinary: number }}
 */
function measureOurs({ arch, batch, precision }, steps, kind = 'training') {
  const args = ['--expose-gc', CHILD, arch, String(batch), precision, String(steps), kind];
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}

/**
 * @param {What} what
 * @param {number} steps
 * @param {(line: string) => void} say
 */
async function measurePeer({ arch, batch, precision }, steps, say) {
  const network = ['--arch', arch, '--batch', batch, '--dtype', precision];
  const peer = await Peer.start('train.py', [...network, '--threads', cpu().threads]);
  try {
    say(`${arch}, ${precision}: ${peer.versions}`);
    let peak = 0;
    for (let done = 0; done < steps; done++) peak = await peer.ask('step', 'peakRssBytes');
    return peak - Number(peer.ready.rssAtStartBytes);
  } finally {
    await peer.stop();
  }
}
