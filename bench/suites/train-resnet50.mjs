// @ts-check
// The time of one training step: ResNet-50, batch 16 at 224×224, SGD with momentum. Ours has leaky ReLU and in-place
// ABN and takes 8-bit images; PyTorch's is torchvision's with ReLU and ordinary BN and takes floats. PyTorch runs in
// both memory formats: channels-last is the one to beat where oneDNN has kernels for it, but without AVX-512 the
// oneDNN of that PyTorch has none for its gradients.
import { cpu } from '@inplace-abn/core';
import { planBound } from '@inplace-abn/train';
import { Peer } from '../lib/peer.mjs';
import { describe, median, significant } from '../lib/stats.mjs';
import { resnet50Trainer } from '../lib/training.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

/** @type {readonly Precision[]} */
const PRECISIONS = ['float32', 'bfloat16'];

const FORMATS = ['channels_last', 'contiguous_format'];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, batch = 16, limits, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const precision of PRECISIONS) {
    const refusal = cpu().refuses(precision);
    if (refusal) say(`${precision}: no ratio: ${refusal}`);
    else rows.push(...(await compare({ precision, batch, limits }, steps, say)));
  }
  return rows;
}

/**
 * @param {{ precision: Precision, batch: number, limits: import('@inplace-abn/train').MachineLimits | undefined }} what
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row[]>}
 */
async function compare({ precision, batch, limits }, rounds, say) {
  const { engine, step } = resnet50Trainer(batch, precision)();
  const bound = limits && planBound(engine.plan, limits);
  /** @type {Peer[]} */
  const peers = [];
  try {
    for (const format of FORMATS) peers.push(await startPeer(precision, batch, format));
    say(`${precision}, batch ${batch}, ${cpu().threads} threads each; ${peers[0]?.versions}`);
    const turns = await takeTurns(
      [() => seconds(step), ...peers.map((peer) => () => peer.ask('step', 'seconds'))],
      {
        warmUp: 1,
        rounds,
        onRound: ([ours = 0, ...theirs]) => {
          say(
            `ours ${significant(ours)} s, PyTorch ${theirs.map((t, i) => `${significant(t)} s ${FORMATS[i]}`).join(', ')}`,
          );
        },
      },
    );
    const [ours = [], ...theirs] = turns;
    say(
      `ours ${describe(ours, 's')}, PyTorch ${theirs.map((t, i) => `${describe(t, 's')} ${FORMATS[i]}`).join(', ')}`,
    );
    return theirs.map((measured, index) =>
      row(`${precision}, batch ${batch}, PyTorch ${FORMATS[index]}`, ours, measured, bound),
    );
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/**
 * @param {Precision} precision
 * @param {number} batch
 * @param {string} format
 */
function startPeer(precision, batch, format) {
  const args = [
    '--batch',
    batch,
    '--threads',
    cpu().threads,
    '--dtype',
    precision,
    '--memory-format',
    format,
  ];
  return Peer.start('train_resnet50.py', args);
}

/** @param {() => Promise<void>} work */
async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * @param {string} variant
 * @param {readonly number[]} ours
 * @param {readonly number[]} peer
 * @param {number | undefined} bound  the least seconds that the machine's limits allow
 * @returns {Row}
 */
function row(variant, ours, peer, bound) {
  const [a, b] = [median(ours), median(peer)];
  const share = bound === undefined ? undefined : bound / a;
  return { name: 'train-resnet50', variant, ours: a, peer: b, ratio: a / b, unit: 's', share };
}
