// @ts-check
// Images/s of the training transform: our loader and torchvision's DataLoader in turn, with as many workers.
// Ours delivers bytes and leaves normalization to the device; torchvision's makes normalized floats, as its
// users do. Photographs also go through torchvision's policies of augmentation and random erasing on both sides.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createLoader, ImageFolder, shuffledSampler, trainTransform } from '@inplace-abn/data';
import { Peer } from '../lib/peer.mjs';
import { hasPhotographs, makePhotographFolder } from '../lib/photographs.mjs';
import { describe, median, significant } from '../lib/stats.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {{ title: string, folder: string, crop: number, images: number }} DataSet */
/**
 * @typedef {object} Augmentation
 * @property {string} title
 * @property {import('@inplace-abn/data').TrainTransformOptions} options of our transform
 * @property {readonly (string | number)[]} args of the peer
 */

/** @type {Augmentation} */
const PLAIN = { title: '', options: {}, args: [] };
/** @type {readonly Augmentation[]} */
const AUGMENTATIONS = [
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

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, batch = 64, workers = 2, say }) {
  /** @type {Row[]} */
  const rows = [];
  const measure = async (/** @type {DataSet} */ set, /** @type {readonly Augmentation[]} */ more = []) => {
    for (const augmentation of [PLAIN, ...more]) {
      rows.push(await compare(set, augmentation, batch, workers, steps, say));
    }
  };
  if (existsSync(DEMO)) await measure({ title: 'PNG 28×28', folder: DEMO, crop: 28, images: 8192 });
  else say('the PNG folder of the demo is missing: run `npm run demo` once');
  if (hasPhotographs()) {
    const folder = await makePhotographFolder(PHOTOGRAPHS);
    try {
      const set = { title: 'JPEG 500×375', folder, crop: 224, images: PHOTOGRAPHS };
      await measure(set, AUGMENTATIONS);
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
 * @param {number} batch
 * @param {number} workers
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
async function compare({ title: kind, folder, crop, images }, augmentation, batch, workers, rounds, say) {
  const title = `${kind}${augmentation.title}`;
  const load = await makeOurs(folder, { crop, ...augmentation.options }, batch, workers, images);
  const common = ['--batch', batch, '--crop', crop, '--workers', workers, '--images', images];
  const args = [folder, ...common, ...augmentation.args];
  const peer = await Peer.start('data_loader.py', args);
  try {
    const [ours = [], theirs = []] = await takeTurns([load, () => peer.ask('epoch', 'imagesPerSecond')], {
      warmUp: 1,
      rounds,
      onRound: ([a = 0, b = 0]) =>
        say(`${title}: ours ${significant(a)}, torchvision ${significant(b)} images/s`),
    });
    say(
      `${title}: ours ${describe(ours, 'images/s')}, torchvision ${describe(theirs, 'images/s')}; ${peer.versions}`,
    );
    const [a, b] = [median(ours), median(theirs)];
    const variant = `${kind} to ${crop}×${crop}${augmentation.title}, ${workers} workers`;
    return { name: 'data', variant, ours: a, peer: b, ratio: a / b, unit: 'images/s' };
  } finally {
    await peer.stop();
  }
}

/**
 * Returns a function that loads `images` images of an epoch and resolves to images/s.
 * @param {string} path
 * @param {import('@inplace-abn/data').TrainTransformOptions} options
 * @param {number} batchSize
 * @param {number} workers
 * @param {number} images
 */
async function makeOurs(path, options, batchSize, workers, images) {
  const folder = await ImageFolder.open(path);
  const transform = trainTransform(options);
  const sampler = shuffledSampler(folder.length, 0);
  const loader = createLoader({ folder, transform, sampler, batchSize, workers });
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
