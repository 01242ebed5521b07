// @ts-check
// Training in 95 % and 60 % of the arena that a step takes without a budget: the time of a step compared with
// the same step in the whole arena, in turn, and a check that losses are equal.
import { cpu, formatBytes } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { planBound } from '@inplace-abn/train';
import { networksOf } from '../lib/networks.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { describe, median } from '../lib/stats.mjs';
import { networkConfig, trainerOf } from '../lib/training.mjs';
import { secondsOf, takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const SHARES = [0.95, 0.6];
const MEGABYTE = 1e6;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 5, limits, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf(options)) {
    const config = networkConfig(arch, batch, 'float32');
    const { report } = planReport(config, batch, cpu());
    const whole = lossesOf(config);
    const within = SHARES.map((share) => {
      const memory = Math.floor(report.totalBytes - (1 - share) * report.arenaBytes);
      return { share, ...lossesOf({ ...config, memory_budget: memory }) };
    });
    const runs = [whole, ...within];
    const turns = await takeTurns(
      runs.map(({ seconds }) => seconds),
      { warmUp: 1, rounds: steps },
    );
    const [theirs = [], ...ours] = turns;
    within.forEach(({ share, losses, plan }, i) => {
      const same = JSON.stringify(losses) === JSON.stringify(whole.losses);
      const seconds = ours[i] ?? [];
      const [arena, wholeArena] = [plan.arenaBytes, whole.plan.arenaBytes];
      say(
        `${arch}: ${describe(seconds, 's')} in ${formatBytes(arena)}, ${describe(theirs, 's')} in ${formatBytes(wholeArena)}; losses ${same ? 'bit for bit equal' : `differ: ${losses} and ${whole.losses}`}`,
      );
      const variant = `${arch}, float32, batch ${batch}, ${100 * share} %`;
      rows.push(
        {
          ...rowOf(`${variant}, time of a step`, median(seconds), median(theirs), 's'),
          share: limits && planBound(plan, limits) / median(seconds),
        },
        rowOf(`${variant}, arena`, arena / MEGABYTE, wholeArena / MEGABYTE, 'MB'),
      );
    });
  }
  return rows;
}

/** @param {import('@inplace-abn/recipes').TrainConfig} config */
function lossesOf(config) {
  /** @type {number[]} */
  const losses = [];
  const { engine, step } = trainerOf(config, cpu())();
  const seconds = () => secondsOf(async () => losses.push(await step()));
  return { losses, seconds, plan: engine.plan };
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {Row}
 */
function rowOf(variant, ours, peer, unit) {
  return ratioRow({ name: 'budget', variant, unit }, ours, peer);
}
