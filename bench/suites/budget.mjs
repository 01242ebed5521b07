// @ts-check
// Training in 60 % of the arena that keeping everything takes: the time of a step beside that of the same step in all of
// it, in turn; and that both learn the same.
import { cpu, formatBytes } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/train';
import { networksOf } from '../lib/networks.mjs';
import { describe, median } from '../lib/stats.mjs';
import { networkConfig, trainerOf } from '../lib/training.mjs';
import { takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const SHARE = 0.6;
const MEGABYTE = 1e6;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 5, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf(options)) {
    const config = networkConfig(arch, batch, 'float32');
    const { report } = planReport(config, batch, cpu());
    const memory = Math.floor(report.totalBytes - (1 - SHARE) * report.arenaBytes);
    const whole = lossesOf(config);
    const within = lossesOf({ ...config, memory_budget: memory });
    const turns = await takeTurns([within.seconds, whole.seconds], { warmUp: 1, rounds: steps });
    const [ours = [], theirs = []] = turns;
    const same = JSON.stringify(within.losses) === JSON.stringify(whole.losses);
    say(
      `${arch}: ${describe(ours, 's')} in ${formatBytes(within.arena)}, ${describe(theirs, 's')} in ${formatBytes(whole.arena)}; losses ${same ? 'the same, bit for bit' : `differ: ${within.losses} and ${whole.losses}`}`,
    );
    const variant = `${arch}, float32, batch ${batch}`;
    rows.push(
      rowOf(`${variant}, time of a step`, median(ours), median(theirs), 's'),
      rowOf(`${variant}, arena`, within.arena / MEGABYTE, whole.arena / MEGABYTE, 'MB'),
    );
  }
  return rows;
}

/** @param {import('@inplace-abn/train').TrainConfig} config */
function lossesOf(config) {
  /** @type {number[]} */
  const losses = [];
  const { engine, step } = trainerOf(config, cpu())();
  const seconds = async () => {
    const start = performance.now();
    losses.push(await step());
    return (performance.now() - start) / 1000;
  };
  return { losses, seconds, arena: engine.plan.arenaBytes };
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {Row}
 */
function rowOf(variant, ours, peer, unit) {
  return { name: 'budget', variant, ours, peer, ratio: ours / peer, unit };
}
