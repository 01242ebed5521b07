// @ts-check
// Trainings on Fashion-MNIST, with its images as `npm run demo` leaves them.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, train } from '@inplace-abn/recipes';
import { collectVersions } from '@inplace-abn/train';

/** @typedef {Awaited<ReturnType<typeof loadConfig>>} Config */

const inRoot = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const DATA = inRoot('.cache/fashion-mnist');

/** Whether the images are there. */
export const hasFashion = () => existsSync(DATA);

/**
 * A configuration of train-imagenet's experiments.
 * @param {string} name
 */
export const experiment = (name) =>
  loadConfig(inRoot(`apps/train-imagenet/experiments/${name}.json`), { architectures: ARCHITECTURES });

/**
 * The last validation of a training that came to its end. One that was stopped, such as by a signal, has one
 * of an earlier epoch, which must not be counted.
 * @param {Pick<import('@inplace-abn/train').TrainOutcome, 'validation' | 'stopped'>} outcome
 */
export function finalValidation({ validation, stopped }) {
  if (stopped !== null) throw new Error(`the training was stopped before its end (${stopped}): no result`);
  if (validation?.top1 === undefined) throw new Error('the training ended without a validation');
  return { ...validation, top1: validation.top1 };
}

/**
 * Trains a configuration. Resolves to the final top-1 accuracy in percent, of the averaged weights where
 * there are some, and to the seconds of training and validation.
 * @param {Config} config
 * @param {number} workers
 * @param {string} [data]
 */
export async function trainFashion(config, workers, data = DATA) {
  const logDir = await mkdtemp(join(tmpdir(), 'iabn-fashion-'));
  try {
    const start = performance.now();
    const outcome = await train({
      config,
      data,
      logDir,
      device: cpu(),
      versions: collectVersions(import.meta.url),
      workers,
      printFreq: 100,
      stream: { write: () => true, isTTY: false },
    });
    const validation = finalValidation(outcome);
    const top1 = validation.averaged?.top1 ?? validation.top1;
    return { top1, seconds: (performance.now() - start) / 1000 };
  } finally {
    await rm(logDir, { recursive: true });
  }
}

/**
 * A folder of links to the first images of each class, `images` to train on and a sixth of them to validate
 * on. The caller removes it.
 * @param {number} images
 */
export async function fashionSubset(images) {
  const root = await mkdtemp(join(tmpdir(), 'iabn-fashion-subset-'));
  for (const [part, count] of /** @type {const} */ ([
    ['train', images],
    ['val', Math.ceil(images / 6)],
  ])) {
    const classes = await readdir(join(DATA, part));
    for (const name of classes) {
      await mkdir(join(root, part, name), { recursive: true });
      const files = (await readdir(join(DATA, part, name))).sort();
      for (const file of files.slice(0, Math.ceil(count / classes.length))) {
        await symlink(join(DATA, part, name, file), join(root, part, name, file));
      }
    }
  }
  return root;
}
