// @ts-check
// Images/s of reading every image once, as `data check` does, and of a validation epoch over the same files
// in turn; and the peak of memory of `data check` for all images and for an eighth of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createLoader,
  evalTransform,
  ImageFolder,
  inspectImages,
  sequentialSampler,
} from '@inplace-abn/data';
import { imageMaker, rateOf, TOGETHER, temporaryFolder, writeFiles } from '../lib/generated.mjs';
import { ratioRow, rowsInTurn } from '../lib/pairs.mjs';

const SIDE = 64;
const CHILD = fileURLToPath(new URL('../lib/data-check-child.mjs', import.meta.url));

/**
 * @param {import('../lib/suites.mjs').BenchOptions} options
 * @returns {Promise<import('../lib/suites.mjs').Row[]>}
 */
export async function run({ steps = 5, batch = 64, workers = 2, images = 16_000, say }) {
  const root = await temporaryFolder();
  try {
    const imageOf = await imageMaker(SIDE);
    const [few, all] = [join(root, 'few'), join(root, 'all')];
    const part = Math.ceil(images / 8);
    for (const [path, count] of /** @type {const} */ ([
      [few, part],
      [all, images],
    ])) {
      await writeFiles(join(path, 'train'), count, imageOf);
      await writeFiles(join(path, 'val'), Math.ceil(count / TOGETHER), (index) => imageOf(images + index), 1);
    }
    const variant = `${images} JPEGs ${SIDE}×${SIDE}, ${workers} workers`;
    const rates = await ratesOf(join(all, 'train'), variant, { batch, workers, steps, say });
    const [less, more] = [await peakOf(few, workers), await peakOf(all, workers)];
    const each = (more - less) / (images - part);
    say(
      `peak ${(less / 1e6).toFixed(0)} MB for ${part} images, ${(more / 1e6).toFixed(0)} MB for ${images}: ${each.toFixed(0)} bytes an image`,
    );
    const peaks = { name: 'data-check', variant: `peak, ${images} and ${part} images`, unit: 'MB' };
    return [...rates, ratioRow(peaks, more / 1e6, less / 1e6)];
  } finally {
    await rm(root, { recursive: true });
  }
}

/**
 * @param {string} path
 * @param {string} variant
 * @param {{ batch: number, workers: number, steps: number, say: (line: string) => void }} options
 */
async function ratesOf(path, variant, { batch, workers, steps, say }) {
  const folder = await ImageFolder.open(path);
  const transform = evalTransform({ scale: SIDE, crop: SIDE });
  const loader = createLoader({
    folder,
    transform,
    sampler: sequentialSampler(folder.length),
    batchSize: batch,
    workers,
  });
  const inspect = async () => {
    const start = performance.now();
    let read = 0;
    await inspectImages(folder, () => read++, { workers });
    return (1000 * read) / (performance.now() - start);
  };
  const options = { name: 'data-check', unit: 'images/s', warmUp: 1, rounds: steps, say };
  return rowsInTurn([{ variant, run: inspect }], () => rateOf(loader, 0), options);
}

/**
 * Peak of the resident bytes of a check in a process of its own.
 * @param {string} path
 * @param {number} workers
 */
async function peakOf(path, workers) {
  const child = spawn(process.execPath, [CHILD, 'check', path, '--json', '--workers', String(workers)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let [peak, errors] = ['', ''];
  child.stdio[3]?.on('data', (/** @type {Buffer} */ data) => {
    peak += data;
  });
  child.stderr?.on('data', (/** @type {Buffer} */ data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`data check ended with ${code}: ${errors.slice(-500)}`);
  return Number(peak);
}
