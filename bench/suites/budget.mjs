// @ts-check
// Training in 95, 85 and 60 % of the arena that a step takes without a budget: the time of a step compared
// with the same step in the whole arena, in turn, and a check that losses are equal.
import { BudgetError, cpu, formatBytes } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { planBound } from '@inplace-abn/train';
import { networksOf } from '../lib/networks.mjs';
import { ratioRow, rowsInTurn } from '../lib/pairs.mjs';
import { networkConfig, PRECISIONS, trainerOf } from '../lib/training.mjs';
import { secondsOf } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/**
 * `discard` frees the arena.
 * @typedef {{
 *   seconds: () => Promise<number>, losses: number[], plan: import('@inplace-abn/core').Plan,
 *   discard: () => void,
 * }} Training
 */

const SHARES = [0.95, 0.85, 0.6];
const MEGABYTE = 1e6;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf(options)) {
    for (const precision of PRECISIONS) rows.push(...(await rowsOf(arch, batch, precision, options)));
  }
  return rows;
}

/**
 * @param {string} arch
 * @param {number} batch
 * @param {Precision} precision
 * @param {import('../lib/suites.mjs').BenchOptions} options
 */
async function rowsOf(arch, batch, precision, { steps = 5, limits, say }) {
  const config = networkConfig(arch, batch, precision);
  const { report } = planReport(config, batch, cpu());
  const whole = lossesOf(config);
  const memoryOf = (/** @type {number} */ share) =>
    Math.floor(report.totalBytes - (1 - share) * report.arenaBytes);
  const titleOf = (/** @type {number} */ share) =>
    `${arch}, ${precision}, batch ${batch}, ${Math.round(100 * share)} %`;
  const forms = SHARES.flatMap((share) => {
    const training = within(config, memoryOf(share));
    if (training) return [{ title: titleOf(share), training }];
    say(`${titleOf(share)}: no plan is that small`);
    return [];
  });
  const sides = forms.map(({ title, training }) => {
    return { variant: `${title}, time of a step`, run: training.seconds };
  });
  const options = { name: 'budget', unit: 's', warmUp: 1, rounds: steps, say };
  const times = await rowsInTurn(sides, whole.seconds, options);
  // The next network or precision needs the memory.
  for (const training of [whole, ...forms.map(({ training }) => training)]) training.discard();
  const what = { name: 'budget', unit: 'MB' };
  return forms.flatMap(({ title, training: { losses, plan } }, i) => {
    const [arena, wholeArena] = [plan.arenaBytes, whole.plan.arenaBytes];
    const same = losses.every((loss, step) => Object.is(loss, whole.losses[step]));
    say(
      `${title}: ${formatBytes(arena)} of ${formatBytes(wholeArena)}; losses ${same ? 'bit for bit equal' : `differ: ${losses} and ${whole.losses}`}`,
    );
    return [
      ...times
        .slice(i, i + 1)
        .map((row) => ({ ...row, share: limits && planBound(plan, limits) / row.ours })),
      ratioRow({ ...what, variant: `${title}, arena` }, arena / MEGABYTE, wholeArena / MEGABYTE),
    ];
  });
}

/**
 * A training in so much memory; null if no plan fits.
 * @param {import('@inplace-abn/recipes').TrainConfig} config
 * @param {number} memory
 */
function within(config, memory) {
  try {
    return lossesOf({ ...config, memory_budget: memory });
  } catch (error) {
    if (error instanceof BudgetError) return null;
    throw error;
  }
}

/**
 * @param {import('@inplace-abn/recipes').TrainConfig} config
 * @returns {Training}
 */
function lossesOf(config) {
  /** @type {number[]} */
  const losses = [];
  const { engine, step } = trainerOf(config, cpu())();
  const seconds = () => secondsOf(async () => losses.push(await step()));
  return { losses, seconds, plan: engine.plan, discard: () => engine.session.discard() };
}
