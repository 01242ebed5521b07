// @ts-check
// Images/s of training epochs, from tar shards and from the same images as files in turn. Shards are read one
// part after the other, files at random; both lie in the page cache unless there are more than memory holds.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoader, ImageFolder, ShardedImages, shuffledSampler, trainTransform } from '@inplace-abn/data';
import { imageMaker, rateOf, temporaryFolder, writeFiles, writeShards } from '../lib/generated.mjs';
import { describe, median } from '../lib/stats.mjs';
import { takeTurns } from '../lib/turns.mjs';

const SIDE = 64;

/**
 * @param {import('../lib/suites.mjs').BenchOptions} options
 * @returns {Promise<import('../lib/suites.mjs').Row[]>}
 */
export async function run({ steps = 5, batch = 64, workers = 2, images = 5000, say }) {
  const root = await temporaryFolder();
  try {
    const imageOf = await imageMaker(SIDE);
    const [filesPath, shardsPath] = [join(root, 'files'), join(root, 'shards')];
    await writeFiles(filesPath, images, imageOf);
    await writeShards(shardsPath, images, imageOf);
    const [files, shards] = [await ImageFolder.open(filesPath), await ShardedImages.open(shardsPath)];
    const common = { transform: trainTransform({ crop: SIDE }), batchSize: batch, workers };
    const fromFiles = createLoader({ ...common, folder: files, sampler: shuffledSampler(files.length, 0) });
    const fromShards = createLoader({ ...common, folder: shards, sampler: shards.sampler(0) });
    let epoch = 0;
    const turns = [() => rateOf(fromShards, epoch++), () => rateOf(fromFiles, epoch++)];
    const [ours = [], peer = []] = await takeTurns(turns, { warmUp: 1, rounds: steps });
    say(`shards ${describe(ours, 'images/s')}, files ${describe(peer, 'images/s')}`);
    const [a, b] = [median(ours), median(peer)];
    const variant = `${images} JPEGs ${SIDE}×${SIDE}, ${workers} workers`;
    return [{ name: 'data-shards', variant, ours: a, peer: b, ratio: a / b, unit: 'images/s' }];
  } finally {
    await rm(root, { recursive: true });
  }
}
