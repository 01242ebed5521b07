// @ts-check
// Trains the demo's network for 12 epochs of Fashion-MNIST with each part of a recipe alone, and with those
// of `fashion_recipe` together, in place and with ordinary batch norm. The peer is plain training from the
// same seed. Rows that a report has are not trained again unless --parts names them, so that hours of
// training can be done in parts.
import { rm } from 'node:fs/promises';
import { DATA, experiment, fashionSubset, hasFashion, trainFashion } from '../lib/fashion.mjs';
import { UsageError } from '../lib/options.mjs';
import { NAMES, PLAIN, partOf, plainOf, TOGETHER, TOGETHER_PARTS } from '../lib/recipe-parts.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */

const SEEDS = [0, 1, 2];

/** @param {BenchOptions} options */
export async function run({ parts, seeds = SEEDS, epochs, images, workers = 2, recorded = [], onRows, say }) {
  const unknown = parts?.find((name) => !NAMES.includes(name) && name !== 'all');
  if (unknown) throw new UsageError(`--parts: there is no part ${unknown}; there are ${NAMES.join('; ')}`);
  if (!hasFashion()) {
    say('the images are missing: run `npm run demo` once');
    return [];
  }
  const plain = plainOf(await experiment('demo_fashion_mnist'), epochs);
  const data = images ? await fashionSubset(images) : DATA;
  const title = `${plain.optimizer.schedule.epochs} epochs${images ? ` of ${images} images` : ''}`;
  const table = new Table(title, recorded);
  const wanted = parts && !parts.includes('all') ? new Set([PLAIN, ...parts]) : new Set(NAMES);
  /** @type {Row[]} */
  const rows = [];
  try {
    for (const name of NAMES.filter((candidate) => wanted.has(candidate))) {
      for (const seed of seeds) {
        if (table.top1(name, seed) !== undefined && !parts?.includes(name)) continue;
        const config = { ...partOf(plain, name), seed };
        const { top1, seconds } = await trainFashion(config, workers, data);
        const added = table.add(name, seed, top1);
        say(`${name}, seed ${seed}: ${top1.toFixed(2)} % in ${seconds.toFixed(0)} s`);
        onRows?.(added);
        rows.push(...added);
      }
    }
  } finally {
    if (images) await rm(data, { recursive: true });
  }
  return rows.filter(({ variant }, index) => rows.findLastIndex((row) => row.variant === variant) === index);
}

/** Accuracies by part and seed: those in the report, and new ones. */
class Table {
  /** @type {Map<string, Map<number, number>>} */
  #top1 = new Map();

  /**
   * @param {string} title
   * @param {readonly Row[]} recorded
   */
  constructor(title, recorded) {
    this.title = title;
    for (const { name, variant, ours } of recorded) {
      const [, of, part = '', seed] = /^(.*?): (.*), seed (\d+)$/.exec(variant) ?? [];
      if (name === 'recipe-parts' && of === title) this.#of(part).set(Number(seed), ours);
    }
  }

  /** @param {string} part */
  #of(part) {
    const known = this.#top1.get(part) ?? new Map();
    this.#top1.set(part, known);
    return known;
  }

  /**
   * @param {string} part
   * @param {number} seed
   */
  top1(part, seed) {
    return this.#top1.get(part)?.get(seed);
  }

  /**
   * The row of a seed, and that of the mean.
   * @param {string} part
   * @param {number} seed
   * @param {number} top1
   * @returns {Row[]}
   */
  add(part, seed, top1) {
    this.#of(part).set(seed, top1);
    const plain = this.#of(PLAIN);
    const own = [...this.#of(part)].filter(([of]) => plain.has(of));
    const row = (/** @type {string} */ what, /** @type {number} */ ours, /** @type {number} */ peer) => {
      const variant = `${this.title}: ${part}, ${what}`;
      return { name: 'recipe-parts', variant, ours, peer, ratio: ours / peer, unit: '% top-1' };
    };
    const made = part.startsWith(TOGETHER) ? ` (${TOGETHER_PARTS.join(' + ')})` : '';
    return [
      row(`seed ${seed}`, top1, plain.get(seed) ?? Number.NaN),
      row(
        `mean of seeds${made}`,
        mean(own.map(([, value]) => value)),
        mean(own.map(([of]) => plain.get(of) ?? Number.NaN)),
      ),
    ];
  }
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
