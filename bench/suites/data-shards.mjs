// @ts-check
// Images/s of training epochs, from tar shards and from the same images as files in turn. Shards are read one
// part after the other, files at random; both lie in the page cache unless there are more than memory holds.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoader, ImageFolder, ShardedImages, shuffledSampler, trainTransform } from '@inplace-abn/data';
import { imageMaker, rateOf, temporaryFolder, writeFiles, writeShards } from '../lib/generated.mjs';
import { rowsInTurn } from '../lib/pairs.mjs';

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
    const variant = `${images} JPEGs ${SIDE}×${SIDE}, ${workers} workers`;
    const sides = [{ variant, run: () => rateOf(fromShards, epoch++) }];
    const options = { name: 'data-shards', unit: 'images/s', warmUp: 1, rounds: steps, say };
    return await rowsInTurn(sides, () => rateOf(fromFiles, epoch++), options);
  } finally {
    await rm(root, { recursive: true });
  }
}
