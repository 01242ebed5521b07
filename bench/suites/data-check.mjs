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
import { describe, median } from '../lib/stats.mjs';
import { takeTurns } from '../lib/turns.mjs';

const SIDE = 64;
const CHILD = fileURLToPath(new URL('../lib/data-check-child.mjs', import.meta.url));

/**
 * @param {import('../lib/suites.mjs').BenchOptions} options
 * @returns {Promise<import('../lib/suites.mjs').Row[]>}
 */
export async function run({ steps = 3, batch = 64, workers = 2, images = 16_000, say }) {
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
    const rate = await rates(join(all, 'train'), batch, workers, steps, say);
    const [less, more] = [await peakOf(few, workers), await peakOf(all, workers)];
    const each = (more - less) / (images - part);
    say(
      `peak ${(less / 1e6).toFixed(0)} MB for ${part} images, ${(more / 1e6).toFixed(0)} MB for ${images}: ${each.toFixed(0)} bytes an image`,
    );
    const variant = `${images} JPEGs ${SIDE}×${SIDE}, ${workers} workers`;
    return [
      { name: 'data-check', variant, ...rate, unit: 'images/s' },
      {
        name: 'data-check',
        variant: `peak, ${images} and ${part} images`,
        ours: more / 1e6,
        peer: less / 1e6,
        ratio: more / less,
        unit: 'MB',
      },
    ];
  } finally {
    await rm(root, { recursive: true });
  }
}

/**
 * @param {string} path
 * @param {number} batchSize
 * @param {number} workers
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
async function rates(path, batchSize, workers, rounds, say) {
  const folder = await ImageFolder.open(path);
  const transform = evalTransform({ scale: SIDE, crop: SIDE });
  const loader = createLoader({
    folder,
    transform,
    sampler: sequentialSampler(folder.length),
    batchSize,
    workers,
  });
  const inspect = async () => {
    const start = performance.now();
    let read = 0;
    await inspectImages(folder, () => read++, { workers });
    return (1000 * read) / (performance.now() - start);
  };
  const [ours = [], theirs = []] = await takeTurns([inspect, () => rateOf(loader, 0)], { warmUp: 1, rounds });
  say(`check ${describe(ours, 'images/s')}, loader ${describe(theirs, 'images/s')}`);
  const [a, b] = [median(ours), median(theirs)];
  return { ours: a, peer: b, ratio: a / b };
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
