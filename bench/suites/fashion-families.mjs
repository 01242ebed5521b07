// @ts-check
// Accuracy of the families on Fashion-MNIST: small variants trained by train-imagenet's loop and by PyTorch
// from the same configuration (initialization, augmentation, schedule, batch), --steps seeds each. Weights,
// order and crops are drawn differently, so single runs differ by some tenths of a point either way.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, train } from '@inplace-abn/recipes';
import { collectVersions } from '@inplace-abn/train';
import { Peer } from '../lib/peer.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {Awaited<ReturnType<typeof loadConfig>>} Config */

const inRoot = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const FAMILIES = ['resnext50', 'densenet121', 'wider_resnet16'];
const DATA = inRoot('.cache/fashion-mnist');

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps: seeds = 2, workers = 2, say }) {
  if (!existsSync(DATA)) {
    say('the images are missing: run `npm run demo` once');
    return [];
  }
  /** @type {Row[]} */
  const rows = [];
  for (const family of FAMILIES) {
    const path = inRoot(`apps/train-imagenet/experiments/fashion_${family}.json`);
    const config = await loadConfig(path, { architectures: ARCHITECTURES });
    /** @type {number[]} */
    const ours = [];
    /** @type {number[]} */
    const theirs = [];
    for (let seed = 0; seed < seeds; seed++) {
      ours.push(await trainOurs({ ...config, seed }, workers));
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
 * Trains a configuration and resolves to its final top-1 accuracy in percent.
 * @param {Config} config
 * @param {number} workers
 */
async function trainOurs(config, workers) {
  const logDir = await mkdtemp(join(tmpdir(), 'iabn-fashion-'));
  try {
    const { validation, stopped } = await train({
      config,
      data: DATA,
      logDir,
      device: cpu(),
      versions: collectVersions(import.meta.url),
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

/**
 * The same with PyTorch.
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
