// @ts-check
// Segmentation of a photograph of 2048×1536 pixels at scale 1 by the network of test-vistas (WiderResNet-38
// A2 with DeepLabV3, 65 classes): the time from pixels to classes, and the growth of resident memory in
// addition to the weights. PyTorch runs the same network with random weights under no_grad, in both memory
// formats unchanged, and once helped: with layers folded into convolutions, and windowed means computed from
// cumulative sums instead of F.avg_pool2d.
import { cpu, formatBytes } from '@inplace-abn/core';
import { segmentationNetwork } from '@inplace-abn/models';
import { InPlaceABN, initialState } from '@inplace-abn/nn';
import { Segmenter, VISTAS_MEAN, VISTAS_STD } from '@inplace-abn/recipes';
import { pairRow, ratioRow } from '../lib/pairs.mjs';
import { Peer } from '../lib/peer.mjs';
import { resetPeak, residentBytes } from '../lib/resident.mjs';
import { describe } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */

const SIZE = { width: 2048, height: 1536 };
const MEGABYTE = 1e6;

/** @type {readonly { name: string, options: readonly string[] }[]} */
const PEERS = [
  { name: 'PyTorch helped', options: ['--memory-format', 'channels_last', '--fold', '--fast-pool'] },
  { name: 'PyTorch channels_last', options: ['--memory-format', 'channels_last'] },
  { name: 'PyTorch contiguous_format', options: ['--memory-format', 'contiguous_format'] },
];

/** @param {BenchOptions} options */
export async function run({ steps = 2, say }) {
  const ours = segmenters(say);
  const size = ['--height', SIZE.height, '--width', SIZE.width, '--threads', cpu().threads];
  /** @type {Peer[]} */
  const peers = [];
  /** @type {Map<string, number>} */
  const growth = new Map();
  try {
    for (const { options } of PEERS) peers.push(await Peer.start('infer_vistas.py', [...size, ...options]));
    say(`${SIZE.width}×${SIZE.height}, ${cpu().threads} threads each; ${peers[0]?.versions}`);
    const names = [...ours.map(({ name }) => name), ...PEERS.map(({ name }) => name)];
    const contenders = [
      ...ours.map(({ name, run: segment }) => async () => {
        const { seconds, bytes } = await segment();
        say(`  ${name}: ${seconds.toFixed(1)} s, ${(bytes / MEGABYTE).toFixed(0)} MB`);
        growth.set(name, Math.max(bytes, growth.get(name) ?? 0));
        return seconds;
      }),
      ...peers.map((peer, index) => async () => {
        const { seconds, peakRssBytes } = await peer.fields('run', ['seconds', 'peakRssBytes']);
        const name = PEERS[index]?.name ?? '';
        const grown = peakRssBytes - Number(peer.ready.rssAtStartBytes);
        say(`  ${name}: ${seconds.toFixed(1)} s, ${(grown / MEGABYTE).toFixed(0)} MB`);
        growth.set(name, Math.max(grown, growth.get(name) ?? 0));
        return seconds;
      }),
    ];
    const turns = await takeTurns(contenders, { warmUp: 0, rounds: steps });
    turns.forEach((measured, index) => {
      const name = names[index] ?? '';
      say(`${name}: ${describe(measured, 's')}, ${((growth.get(name) ?? 0) / MEGABYTE).toFixed(0)} MB`);
    });
    return rowsOf(
      ours.map(({ name }) => name),
      turns,
      growth,
    );
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/**
 * @param {readonly string[]} ours
 * @param {readonly (readonly number[])[]} turns
 * @param {ReadonlyMap<string, number>} growth
 * @returns {Row[]}
 */
function rowsOf(ours, turns, growth) {
  return ours.flatMap((name, index) =>
    PEERS.flatMap((peer, other) => {
      const variant = `${name}, vs ${peer.name}`;
      const pair = { ours: turns[index] ?? [], theirs: turns[ours.length + other] ?? [] };
      const [c, d] = [growth.get(name) ?? Number.NaN, growth.get(peer.name) ?? Number.NaN];
      return [
        pairRow({ name: 'infer-vistas', variant: `${variant}, time`, unit: 's' }, pair),
        ratioRow(
          { name: 'infer-vistas', variant: `${variant}, memory`, unit: 'MB' },
          c / MEGABYTE,
          d / MEGABYTE,
        ),
      ];
    }),
  );
}

/**
 * One segmenter per precision.
 * @param {(line: string) => void} say
 */
function segmenters(say) {
  const normAct = (/** @type {number} */ channels, options = {}) => new InPlaceABN(channels, options);
  const network = segmentationNetwork({ arch: 'wider_resnet38_a2', classes: 65, normAct });
  const weights = initialState(network, { seed: 1, gain: Math.SQRT2 });
  const data = Uint8Array.from({ length: SIZE.width * SIZE.height * 3 }, (_, i) => (i * 2654435761) >>> 24);
  return PRECISIONS.map((precision) => {
    const segmenter = new Segmenter({
      device: cpu(),
      network,
      precision,
      mean: VISTAS_MEAN,
      std: VISTAS_STD,
    });
    segmenter.load(weights);
    const planned = Math.max(...segmenter.plansFor(SIZE).map(({ arenaBytes }) => arenaBytes));
    say(
      `${precision}: planned ${formatBytes(planned)} in addition to ${formatBytes(segmenter.weightBytes)} of weights`,
    );
    const run = async () => {
      resetPeak();
      const before = residentBytes().now;
      const start = performance.now();
      await segmenter.segment({ ...SIZE, data });
      const seconds = (performance.now() - start) / 1000;
      const bytes = residentBytes().peak - before;
      // The other precision must find the same memory.
      segmenter.discard();
      return { seconds, bytes };
    };
    return { name: `ours ${precision}`, run };
  });
}
