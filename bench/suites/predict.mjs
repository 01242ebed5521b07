// @ts-check
// Images per second of predict, and of the loader and the network alone, in turn; predict should take at most
// 5 % longer. Also its peak memory for many images over that for a tenth of them.
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describedAs, torchOfJson, writeTorch } from '@inplace-abn/checkpoint';
import { imagesBelow } from '@inplace-abn/data';
import { descriptionOf, initialStateOf, networkOf, resolveConfig } from '@inplace-abn/recipes';
import { rowsInTurn } from '../lib/pairs.mjs';
import { hasPhotographs, makePhotographFolder } from '../lib/photographs.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const inRoot = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const PREDICT = inRoot('apps/predict/dist/main.js');
const ALONE = inRoot('bench/lib/predict-child.mjs');
const [IMAGES, MANY, CLASSES] = [512, 20_000, 100];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, batch = 32, workers = 2, say }) {
  if (!hasPhotographs()) say('no photographs (the Debian package opencv-doc): pictures are drawn');
  const folder = await mkdtemp(join(tmpdir(), 'iabn-predict-'));
  const photographs = await makePhotographFolder(IMAGES);
  try {
    const checkpoint = await writeCheckpoint(join(folder, 'net.pth.tar'), {}, 224);
    const args = [checkpoint, photographs, batch, workers].map(String);
    const alone = async () => Number((await promisify(execFile)(process.execPath, [ALONE, ...args])).stdout);
    const json = join(folder, 'all.jsonl');
    const options = ['--json', json, '--batch', String(batch), '--workers', String(workers)];
    const predict = async () => (await predicted([checkpoint, photographs, ...options])).rate;
    const variant = `ResNet-18, JPEG 500×375 to 224×224, batch ${batch}, ${workers} workers`;
    const turns = { name: 'predict', unit: 'images/s', warmUp: 1, rounds: steps, say };
    return [
      ...(await rowsInTurn([{ variant, run: predict }], alone, turns)),
      await memory(folder, photographs, say),
    ];
  } finally {
    await rm(folder, { recursive: true });
    await rm(photographs, { recursive: true });
  }
}

/**
 * @param {string} folder
 * @param {string} photographs
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
async function memory(folder, photographs, say) {
  const checkpoint = await writeCheckpoint(join(folder, 'small.pth.tar'), { stem: 'small', width: 0.1 }, 16);
  const files = await imagesBelow(photographs);
  /** @type {number[]} */
  const peaks = [];
  for (const count of [MANY / 10, MANY]) {
    const list = join(folder, String(count));
    await mkdir(list);
    for (let i = 0; i < count; i++) await symlink(files[i % files.length] ?? '', join(list, `${i}.jpg`));
    const { peak } = await predicted([checkpoint, list, '--csv', join(folder, `${count}.csv`)]);
    say(`peak of ${count} images: ${(peak / 1e6).toFixed(0)} MB`);
    peaks.push(peak / 1e6);
  }
  const [few = Number.NaN, many = Number.NaN] = peaks;
  const variant = `peak memory of ${MANY} images over that of ${MANY / 10}`;
  return { name: 'predict', variant, ours: many, peer: few, ratio: many / few, unit: 'MB' };
}

/**
 * A ResNet-18 with fresh weights, as training writes it.
 * @param {string} path
 * @param {object} network
 * @param {number} crop
 */
async function writeCheckpoint(path, network, crop) {
  const raw = {
    network: { arch: 'resnet18', activation: 'leaky_relu', bn_mode: 'inplace', classes: CLASSES, ...network },
    input: { crop_train: crop, crop_val: crop, scale_val: Math.round((crop * 8) / 7) },
  };
  const config = resolveConfig(raw, 'bench');
  const state = initialStateOf(networkOf(config.network), config.network, 0);
  const classes = Array.from({ length: CLASSES }, (_, i) => `class ${i}`);
  const keys = Object.entries(describedAs(descriptionOf(config, { classes }))).map(
    ([key, value]) => /** @type {const} */ ([key, torchOfJson(value)]),
  );
  await writeTorch(path, new Map([...keys, ['state_dict', state]]));
  return path;
}

/**
 * Runs predict. Resolves to the images per second that it reports, and its peak of resident bytes.
 * @param {readonly string[]} args
 */
async function predicted(args) {
  const child = spawn(process.execPath, [PREDICT, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let [text, peak] = ['', 0];
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const rate = Number(/, (\S+) images a second$/m.exec(text)?.[1]);
  if (code !== 0 || Number.isNaN(rate)) throw new Error(`predict ended with ${code}: ${text}`);
  return { rate, peak };
}
