// @ts-check
// Training on a GPU: images/s and peak memory of ResNet-50, ResNeXt-101 (64 groups) and WiderResNet-38 at
// 224×224 with leaky ReLU and in-place ABN, compared with PyTorch (ReLU, ordinary BN, channels_last,
// `autocast`, `cudnn.benchmark`) in turn on the same device. Also in float32 with TF32 on both sides.
import { formatBytes } from '@inplace-abn/core';
import { CudaDevice, cudaOptions } from '@inplace-abn/cuda';
import { Peer } from '../lib/peer.mjs';
import { describe, median } from '../lib/stats.mjs';
import { networkConfig, trainerOf } from '../lib/training.mjs';
import { secondsOf, takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

/** The batch of each network as a fraction of the largest one's. */
const NETWORKS = [
  { arch: 'resnet50', share: 1 },
  { arch: 'resnext101', share: 0.5 },
  { arch: 'wider_resnet38', share: 0.25 },
];
/** @type {readonly Precision[]} */
const PRECISIONS = ['bfloat16', 'float32'];
const MIB = 2 ** 20;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 10, batch = 256, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, share } of NETWORKS) {
    for (const precision of PRECISIONS) {
      // float32 needs twice the memory.
      const images = Math.max(1, Math.round(batch * share * (precision === 'float32' ? 0.5 : 1)));
      rows.push(...(await compare({ arch, precision, images }, steps, say)));
    }
  }
  return rows;
}

/**
 * @param {{ arch: string, precision: Precision, images: number }} what
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
async function compare({ arch, precision, images }, rounds, say) {
  const variant = `${arch}, ${precision === 'float32' ? 'float32 (TF32)' : precision}, batch ${images}`;
  const device = new CudaDevice(0, { ...cudaOptions(), tf32: true });
  const { engine, step } = trainerOf(networkConfig(arch, images, precision), device)();
  const bytes = engine.bytes;
  const peer = await startPeer(arch, precision, images, say);
  try {
    const seconds = () => secondsOf(step);
    const contenders = peer ? [seconds, () => peer.ask('step', 'seconds')] : [seconds];
    const [ours = [], theirs] = await takeTurns(contenders, { warmUp: 3, rounds });
    const rate = images / median(ours);
    say(`${variant}: ours ${describe(ours, 's')}, ${rate.toFixed(0)} images/s, ${formatBytes(bytes)}`);
    if (!peer || !theirs) return [];
    const peak = await peer.ask('peak', 'bytes');
    const peerRate = images / median(theirs);
    say(
      `${variant}: PyTorch ${describe(theirs, 's')}, ${peerRate.toFixed(0)} images/s, ${formatBytes(peak)}`,
    );
    return [
      { name: 'cuda-train', variant, ours: rate, peer: peerRate, ratio: rate / peerRate, unit: 'images/s' },
      {
        name: 'cuda-train',
        variant: `${variant}, peak memory`,
        ours: bytes / MIB,
        peer: peak / MIB,
        ratio: bytes / peak,
        unit: 'MiB',
      },
    ];
  } finally {
    await peer?.stop();
  }
}

/**
 * Null, after printing the reason, if PyTorch cannot run.
 * @param {string} arch
 * @param {Precision} precision
 * @param {number} images
 * @param {(line: string) => void} say
 */
async function startPeer(arch, precision, images, say) {
  try {
    return await Peer.start('cuda_train.py', ['--arch', arch, '--dtype', precision, '--batch', images]);
  } catch (error) {
    say(`PyTorch: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}
