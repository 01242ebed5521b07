// @ts-check
// The cost of converting weights: a network is trained with ordinary batch norm and ReLU on Fashion-MNIST,
// then for one more epoch at a tenth of its learning rate, once unchanged and once converted to in-place
// batch norm and leaky ReLU 0.01. The two must end within 0.3 points. --steps is the number of seeds.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { evaluate, loadConfig, train } from '@inplace-abn/recipes';
import { collectVersions } from '@inplace-abn/train';
import { finalValidation } from '../lib/fashion.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {Awaited<ReturnType<typeof loadConfig>>} Config */

const inRoot = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DATA = inRoot('.cache/fashion-mnist');
const POINTS = 0.3;

const ORDINARY = /** @type {const} */ ({ bn_mode: 'standard', activation: 'relu' });
const IN_PLACE = /** @type {const} */ ({
  bn_mode: 'inplace',
  activation: 'leaky_relu',
  activation_param: 0.01,
});

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps: seeds = 1, workers = 2, say }) {
  if (!existsSync(DATA)) {
    say('the images are missing: run `npm run demo` once');
    return [];
  }
  const demo = await loadConfig(inRoot('apps/train-imagenet/experiments/demo_fashion_mnist.json'), {
    architectures: ARCHITECTURES,
  });
  /** @type {{ before: number, converted: number, continued: number, tuned: number }[]} */
  const results = [];
  for (let seed = 0; seed < seeds; seed++) {
    const result = await compare({ ...demo, network: { ...demo.network, ...ORDINARY }, seed }, workers);
    results.push(result);
    const texts = Object.entries(result).map(([name, top1]) => `${name} ${top1.toFixed(2)} %`);
    say(`seed ${seed}: ${texts.join(', ')}`);
  }
  const mean = (/** @type {keyof (typeof results)[number]} */ key) =>
    results.reduce((sum, result) => sum + result[key], 0) / results.length;
  const [ours, peer] = [mean('tuned'), mean('continued')];
  const away = Math.abs(ours - peer);
  say(
    `converted ends ${(ours - peer).toFixed(2)} points from continuing (limit ${POINTS}): ${away <= POINTS ? 'met' : 'MISSED'}`,
  );
  const variant = `${demo.network.arch}, to in place and leaky ReLU, mean of ${seeds} seeds`;
  const row = (/** @type {string} */ what, /** @type {number} */ a, /** @type {number} */ b) => {
    return {
      name: 'fine-tuning',
      variant: `${variant}: ${what}`,
      ours: a,
      peer: b,
      ratio: a / b,
      unit: '% top-1',
    };
  };
  return [row('converted', mean('converted'), mean('before')), row('one more epoch', ours, peer)];
}

/**
 * @param {Config} config
 * @param {number} workers
 */
async function compare(config, workers) {
  const folder = await mkdtemp(join(tmpdir(), 'iabn-fine-tuning-'));
  try {
    const logDir = join(folder, 'first');
    const before = await top1Of({ config, logDir, workers });
    const resume = join(logDir, 'checkpoint.pth.tar');
    const more = tenth(config);
    const converted = { ...more, network: { ...more.network, ...IN_PLACE } };
    const quiet = { device: cpu(), data: DATA, workers, printFreq: 100, stream: SILENT };
    const evaluated = await evaluate({ config: converted, resume, ...quiet });
    const start = { resume, take: /** @type {const} */ ('start'), workers };
    const continued = await top1Of({ config: more, logDir: join(folder, 'continued'), ...start });
    const tuned = await top1Of({ config: converted, logDir: join(folder, 'tuned'), ...start });
    return { before, converted: evaluated.top1 ?? Number.NaN, continued, tuned };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SILENT = { write: () => true, isTTY: false };

/**
 * One epoch at a tenth of the rate.
 * @param {Config} config
 * @returns {Config}
 */
function tenth(config) {
  const { optimizer } = config;
  const { warmup } = optimizer.schedule;
  const schedule = /** @type {const} */ ({ type: 'constant', mode: 'epoch', epochs: 1, warmup, params: {} });
  return { ...config, optimizer: { ...optimizer, learning_rate: optimizer.learning_rate / 10, schedule } };
}

/** @param {{ config: Config, logDir: string, workers: number, resume?: string, take?: 'start' }} options */
async function top1Of(options) {
  const outcome = await train({
    ...options,
    data: DATA,
    device: cpu(),
    versions: collectVersions(import.meta.url),
    printFreq: 100,
    stream: SILENT,
  });
  return finalValidation(outcome).top1;
}
