// Writes Fashion-MNIST as an image folder: OUT/{train,val}/CLASS/NNNNN.png, 70,000 gray PNGs of 28×28.
//
//   node tools/fashion-mnist/prepare.mjs OUT [SOURCE]
//
// SOURCE holds the four IDX files, by default where Debian's package dataset-fashion-mnist puts them.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { readIdxImages, readIdxLabels } from './idx.mjs';

const DEBIAN_SOURCE = '/usr/share/datasets/fashion-mnist';

/** Folder names, which sort in the order of the labels. */
export const CLASSES = [
  '0_t-shirt',
  '1_trouser',
  '2_pullover',
  '3_dress',
  '4_coat',
  '5_sandal',
  '6_shirt',
  '7_sneaker',
  '8_bag',
  '9_ankle-boot',
];

const SPLITS = { train: 'train', val: 't10k' };
const MARKER = '.complete.json';
const FORMAT = 1;
const PROGRESS_EVERY = 10_000;

/**
 * Prepares the image folder, or returns at once if it is complete. Safe to interrupt: the marker of a
 * complete folder is written last, and without it a run writes every file again.
 *
 * @param {string} outDir
 * @param {{ source?: string, log?: (line: string) => void }} [options]
 * @returns {Promise<{ outDir: string, images: number, reused: boolean }>}
 */
export async function prepareFashionMnist(outDir, options = {}) {
  const { source = DEBIAN_SOURCE, log = (line) => process.stderr.write(`${line}\n`) } = options;
  const marker = join(outDir, MARKER);
  const complete = readMarker(marker);
  if (complete) {
    log(`Fashion-MNIST: ${complete.images} images in ${outDir}, prepared before`);
    return { outDir, images: complete.images, reused: true };
  }
  if (!existsSync(source)) {
    throw new Error(
      `No Fashion-MNIST in ${source}: install the Debian package dataset-fashion-mnist, or run ` +
        `node tools/fashion-mnist/prepare.mjs ${outDir} FOLDER with the folder of its four IDX files`,
    );
  }
  rmSync(marker, { force: true });
  let images = 0;
  for (const [split, prefix] of Object.entries(SPLITS)) {
    images += await writeSplit(join(outDir, split), split, join(source, prefix), log);
  }
  writeFileSync(`${marker}.part`, `${JSON.stringify({ format: FORMAT, images })}\n`);
  renameSync(`${marker}.part`, marker);
  return { outDir, images, reused: false };
}

/** @returns {{ images: number } | undefined} what a finished run left; undefined where there is none */
function readMarker(path) {
  try {
    const marker = JSON.parse(readFileSync(path, 'utf8'));
    return marker.format === FORMAT ? marker : undefined;
  } catch {
    return undefined;
  }
}

async function writeSplit(folder, split, prefix, log) {
  const { count, height, width, data } = readIdxImages(`${prefix}-images-idx3-ubyte.gz`);
  const labels = readIdxLabels(`${prefix}-labels-idx1-ubyte.gz`);
  if (labels.length !== count) throw new Error(`${prefix}: ${count} images but ${labels.length} labels`);
  const folders = CLASSES.map((name) => join(folder, name));
  for (const name of folders) mkdirSync(name, { recursive: true });
  const size = height * width;
  for (let i = 0; i < count; i++) {
    const classFolder = folders[labels[i]];
    if (!classFolder) throw new Error(`${prefix}: image ${i} has the label ${labels[i]}, expected 0 to 9`);
    // Stored, not compressed: a file takes a block of the disk either way, and decoding is several times
    // quicker.
    const pixels = data.subarray(i * size, (i + 1) * size);
    const png = encode({ width, height, channels: 1, depth: 8, data: pixels }, { zlib: { level: 0 } });
    writeFileSync(join(classFolder, `${String(i).padStart(5, '0')}.png`), png);
    if ((i + 1) % PROGRESS_EVERY === 0 || i + 1 === count) {
      log(`Fashion-MNIST: ${split} ${i + 1} of ${count} images written`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return count;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [outDir, source] = process.argv.slice(2);
  if (!outDir) {
    process.stderr.write('usage: node tools/fashion-mnist/prepare.mjs OUT [SOURCE]\n');
    process.exitCode = 2;
  } else {
    await prepareFashionMnist(outDir, { source }).catch((error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    });
  }
}
