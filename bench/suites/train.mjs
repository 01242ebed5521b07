// @ts-check
// The time of a training step at 224×224, SGD with momentum. Ours has leaky ReLU and in-place ABN and takes
// 8-bit images; PyTorch's has ReLU and ordinary BN and takes floats. PyTorch runs in both memory formats:
// channels_last is the one to beat where oneDNN has kernels for it, but without AVX-512 that PyTorch's oneDNN
// has none for gradients.
import { cpu } from '@inplace-abn/core';
import { planBound } from '@inplace-abn/train';
import { bareConvolutions } from '../lib/bare-convolutions.mjs';
import { networksOf } from '../lib/networks.mjs';
import { Peer } from '../lib/peer.mjs';
import { describe, median, significant } from '../lib/stats.mjs';
import { networkConfig, PRECISIONS, trainerOf } from '../lib/training.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/** @typedef {{ arch: string, batch: number, precision: Precision }} What */

const FORMATS = ['channels_last', 'contiguous_format'];

/** @param {BenchOptions} options */
export async function run(options) {
  /** @type {Row[]} */
  const rows = [];
  for (const network of networksOf(options)) {
    for (const precision of PRECISIONS) {
      rows.push(...(await compare({ ...network, precision }, options)));
    }
  }
  return rows;
}

/**
 * @param {What} what
 * @param {BenchOptions} options
 * @returns {Promise<Row[]>}
 */
async function compare(what, { steps = 5, limits, say }) {
  const { arch, batch, precision } = what;
  const variant = `${arch}, ${precision}, batch ${batch}`;
  const { engine, step } = trainerOf(networkConfig(arch, batch, precision), cpu())();
  const bound = limits && planBound(engine.plan, limits);
  /** @type {Peer[]} */
  const peers = [];
  try {
    for (const format of FORMATS) peers.push(await startPeer(what, format));
    say(`${variant}, ${cpu().threads} threads each; ${peers[0]?.versions}`);
    const turns = await takeTurns(
      [() => seconds(step), ...peers.map((peer) => () => peer.ask('step', 'seconds'))],
      { warmUp: 1, rounds: steps, onRound: ([ours = 0, ...theirs]) => say(roundLine(ours, theirs)) },
    );
    const [ours = [], ...theirs] = turns;
    say(
      `ours ${describe(ours, 's')}, PyTorch ${theirs.map((t, i) => `${describe(t, 's')} ${FORMATS[i]}`).join(', ')}`,
    );
    const row = rowOf(ours, bound);
    const rows = theirs.map((measured, i) => row(`${variant}, PyTorch ${FORMATS[i]}`, median(measured)));
    if (arch !== 'resnet50') return rows;
    return [...rows, row(`${variant}, bare oneDNN convolutions`, await bareConvolutions(cpu(), engine.plan))];
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/**
 * @param {number} ours
 * @param {readonly number[]} theirs
 */
function roundLine(ours, theirs) {
  const others = theirs.map((time, i) => `${significant(time)} s ${FORMATS[i]}`);
  return `ours ${significant(ours)} s, PyTorch ${others.join(', ')}`;
}

/**
 * @param {What} what
 * @param {string} format
 */
function startPeer({ arch, batch, precision }, format) {
  const network = ['--arch', arch, '--batch', batch, '--dtype', precision];
  return Peer.start('train.py', [...network, '--threads', cpu().threads, '--memory-format', format]);
}

/** @param {() => Promise<unknown>} work */
async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * @param {readonly number[]} ours
 * @param {number | undefined} bound  roofline bound in seconds
 * @returns {(variant: string, peer: number) => Row}
 */
function rowOf(ours, bound) {
  const a = median(ours);
  const share = bound === undefined ? undefined : bound / a;
  return (variant, peer) => ({ name: 'train', variant, ours: a, peer, ratio: a / peer, unit: 's', share });
}
