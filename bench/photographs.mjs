// @ts-check
// Compares resize-and-crop with torchvision's on every photograph of Debian's opencv-doc, and prints a table.
// Needs the package's build (npm run build), opencv-doc and python3-torchvision:  node bench/photographs.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cropAndResize, evalTransform, Random, Stream, usePicture } from '@inplace-abn/data';

const SOURCE = '/usr/share/doc/opencv-doc/examples';
const SIDE = 224;
const BYTES = SIDE * SIDE * 3;
/** Limits that every crop must meet, in units of 1/255. */
const BAR = { mean: 1, max: 4 };

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(jpg|png)$/.test(name))
  .sort()
  .map((name) => join(SOURCE, name));
const out = mkdtempSync(join(tmpdir(), 'iabn-photographs-'));
try {
  const script = fileURLToPath(new URL('peers/photographs.py', import.meta.url));
  execFileSync('/usr/bin/python3', ['-B', script, out, ...files], { stdio: 'inherit' });
  const boxes = JSON.parse(readFileSync(join(out, 'boxes.json'), 'utf8'));
  const evaluation = evalTransform();
  const jpegs = newRow('JPEG');
  const pngs = newRow('PNG');
  for (const [number, path] of files.entries()) {
    const expected = readFileSync(join(out, `${number}.rgb`));
    const row = path.endsWith('.png') ? pngs : jpegs;
    row.files++;
    const pixels = new Uint8Array(BYTES);
    const random = new Random(0, Stream.augmentation, 0, 0);
    await usePicture(path, (picture) => evaluation.apply(picture, random, pixels, new Float32Array(12)));
    count(row, path, pixels, expected.subarray(0, BYTES));
    for (const [i, [left, top, width, height]] of boxes[number].entries()) {
      const box = { left, top, width, height };
      const result = await usePicture(path, (picture) => cropAndResize(picture, box, SIDE, SIDE));
      count(row, path, asRgb(result), expected.subarray((i + 1) * BYTES, (i + 2) * BYTES));
    }
  }
  console.table([jpegs, pngs]);
  if (jpegs.worstMean > BAR.mean || pngs.worstMean > BAR.mean) process.exitCode = 1;
  if (jpegs.worstMax > BAR.max || pngs.worstMax > BAR.max) process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true });
}

/** @param {string} kind */
function newRow(kind) {
  return { kind, files: 0, crops: 0, equal: 0, worstMean: 0, worstMax: 0 };
}

/**
 * Adds one crop to a row; differences are in units of 1/255.
 * @param {ReturnType<typeof newRow>} row
 * @param {string} path
 * @param {Uint8Array} received
 * @param {Uint8Array} expected
 */
function count(row, path, received, expected) {
  if (received.length !== BYTES || expected.length !== BYTES)
    throw new Error(`${path}: a crop of another size`);
  let sum = 0;
  let max = 0;
  for (let i = 0; i < BYTES; i++) {
    const difference = Math.abs((received[i] ?? 0) - (expected[i] ?? 0));
    sum += difference;
    max = Math.max(max, difference);
  }
  row.crops++;
  if (max === 0) row.equal++;
  else console.log(`${path}: mean ${(sum / BYTES).toFixed(4)}/255, maximum ${max}/255`);
  row.worstMean = Math.max(row.worstMean, sum / BYTES);
  row.worstMax = Math.max(row.worstMax, max);
}

/** @param {import('@inplace-abn/data').Image} image */
function asRgb({ data, channels }) {
  if (channels === 3) return data;
  return Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)] ?? 0);
}
