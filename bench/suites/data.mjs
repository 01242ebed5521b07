// @ts-check
// Images/s of the training transform: our loader and torchvision's DataLoader in turn, with as many workers.
// Ours delivers bytes and leaves normalization to the device; torchvision's makes normalized floats, as its
// users do. Photographs also go through color jitter, torchvision's augmentation policies and random
// erasing on both sides. Ours draws mixup and cutmix and leaves the mixing to the device; torchvision's mixes
// batches in the workers.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { createLoader, ImageFolder, shuffledSampler, trainTransform } from '@inplace-abn/data';
import { Engine, initialStateOf, networkOf } from '@inplace-abn/recipes';
import { pairRow } from '../lib/pairs.mjs';
import { Peer, pythons } from '../lib/peer.mjs';
import { hasPhotographs, makePhotographFolder } from '../lib/photographs.mjs';
import { describe } from '../lib/stats.mjs';
import { networkConfig } from '../lib/training.mjs';
import { takePairs } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {{ title: string, folder: string, crop: number, images: number }} DataSet */
/**
 * @typedef {object} Augmentation
 * @property {string} title
 * @property {import('@inplace-abn/data').TrainTransformOptions} options of our transform
 * @property {import('@inplace-abn/data').MixOptions} [mix] of our loader; the step on the device mixes
 * @property {readonly (string | number)[]} args of the peer
 */

/** @type {Augmentation} */
const PLAIN = { title: '', options: {}, args: [] };
/** @type {readonly Augmentation[]} */
const AUGMENTATIONS = [
  { title: ', color jitter', options: { colorJitter: true }, args: ['--jitter', 0.4] },
  {
    title: ', mixup, cutmix',
    options: {},
    mix: { mixup: 0.2, cutmix: 1 },
    args: ['--mixup', 0.2, '--cutmix', 1],
  },
  { title: ', RandAugment', options: { randAugment: {} }, args: ['--augment', 'rand'] },
  { title: ', TrivialAugmentWide', options: { trivialAugment: true }, args: ['--augment', 'trivial'] },
  {
    title: ', TrivialAugmentWide, erasing 0.1',
    options: { trivialAugment: true, randomErasing: { probability: 0.1 } },
    args: ['--augment', 'trivial', '--erase', 0.1],
  },
];

const DEMO = fileURLToPath(new URL('../../.cache/fashion-mnist/train', import.meta.url));
const PHOTOGRAPHS = 512;

/** A training that may wait for `most` percent of its time. */
const TRAINED = { batch: 16, steps: 8, most: 2 };

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, batch = 64, workers = 2, say, onRows }) {
  /** @type {Row[]} */
  const rows = [];
  const options = { batch, workers, rounds: steps, say };
  const measure = async (
    /** @type {DataSet} */ set,
    /** @type {readonly Augmentation[]} */ augmentations,
  ) => {
    for (const augmentation of augmentations) {
      const some = await compare(set, augmentation, options);
      onRows?.(some);
      rows.push(...some);
    }
  };
  if (existsSync(DEMO)) await measure({ title: 'PNG 28×28', folder: DEMO, crop: 28, images: 8192 }, [PLAIN]);
  else say('the PNG folder of the demo is missing: run `npm run demo` once');
  if (hasPhotographs()) {
    const folder = await makePhotographFolder(PHOTOGRAPHS);
    try {
      const set = { title: 'JPEG 500×375', folder, crop: 224, images: PHOTOGRAPHS };
      await measure(set, [PLAIN, ...AUGMENTATIONS]);
      rows.push(await waiting(folder, workers, say));
    } finally {
      await rm(folder, { recursive: true });
    }
  } else {
    say('no photographs: install the Debian package opencv-doc');
  }
  return rows;
}

/**
 * @param {DataSet} set
 * @param {Augmentation} augmentation
 * @param {{ batch: number, workers: number, rounds: number, say: (line: string) => void }} options
 * @returns {Promise<Row[]>}
 */
async function compare(set, augmentation, { batch, workers, rounds, say }) {
  const { title: kind, folder, crop, images } = set;
  const load = await makeOurs(folder, { crop, augmentation, batch, workers, images });
  const common = ['--batch', batch, '--crop', crop, '--workers', workers, '--images', images];
  /** @type {Peer[]} */
  const peers = [];
  try {
    for (const python of pythons()) {
      peers.push(await Peer.start('data_loader.py', [folder, ...common, ...augmentation.args], { python }));
    }
    const pairs = await takePairs(
      load,
      peers.map((peer) => () => peer.ask('epoch', 'imagesPerSecond')),
      { warmUp: 1, rounds, onRepeat: () => say('unsteady, again') },
    );
    return pairs.map((pair, index) => {
      const { torchvision = '' } = peers[index]?.versionOf ?? {};
      const title = `torchvision ${/^\d+\.\d+/.exec(torchvision)?.[0] ?? torchvision}`;
      const variant = `${kind} to ${crop}×${crop}${augmentation.title}, ${workers} workers, ${title}`;
      say(`${variant}: ours ${describe(pair.ours, 'images/s')}, theirs ${describe(pair.theirs, 'images/s')}`);
      return pairRow({ name: 'data', variant, unit: 'images/s' }, pair);
    });
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/**
 * Percent of its time that a training waits for the loader: a ResNet-50 on photographs with the most
 * expensive augmentation. The workers share the cores with the step.
 * @param {string} path
 * @param {number} workers
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
async function waiting(path, workers, say) {
  const { title, options } = AUGMENTATIONS.at(-1) ?? PLAIN;
  const folder = await ImageFolder.open(path);
  const config = networkConfig('resnet50', TRAINED.batch, 'float32');
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
  engine.load(initialStateOf(networkOf(config.network), config.network, config.seed));
  const transform = trainTransform({ crop: 224, ...options });
  const sampler = shuffledSampler(folder.length, 0);
  const loader = createLoader({ folder, transform, sampler, batchSize: TRAINED.batch, workers });
  const rates = { base: 0.01, classifier: 0.01 };
  let [update, waited, asked, begin] = [0, 0, performance.now(), 0];
  for await (const batch of loader.epoch(0)) {
    // The first step starts the workers and the kernels.
    if (update === 1) begin = asked;
    if (update >= 1) waited += performance.now() - asked;
    update += 1;
    await engine.train(batch, { rates, update, seed: update });
    batch.release();
    asked = performance.now();
    if (update > TRAINED.steps) break;
  }
  const [ours, peer] = [(100 * waited) / (asked - begin), TRAINED.most];
  const variant = `waiting of ResNet-50's training, batch ${TRAINED.batch}${title}, ${workers} workers; peer: the most allowed`;
  say(`${variant}: ${ours.toFixed(2)} %`);
  return { name: 'data', variant, ours, peer, ratio: ours / peer, unit: '%' };
}

/**
 * Returns a function that loads `images` images of an epoch and resolves to images/s.
 * @param {string} path
 * @param {{ crop: number, augmentation: Augmentation, batch: number, workers: number, images: number }}
 * options
 */
async function makeOurs(path, { crop, augmentation: { options, mix }, batch: batchSize, workers, images }) {
  const folder = await ImageFolder.open(path);
  const transform = trainTransform({ crop, ...options });
  const sampler = shuffledSampler(folder.length, 0);
  const loader = createLoader({ folder, transform, sampler, batchSize, workers, mix });
  let epoch = 0;
  return async () => {
    const start = performance.now();
    let loaded = 0;
    for await (const batch of loader.epoch(epoch++)) {
      loaded += batch.size;
      batch.release();
      if (loaded >= images) break;
    }
    return (1000 * loaded) / (performance.now() - start);
  };
}
