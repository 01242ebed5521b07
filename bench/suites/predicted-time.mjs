// @ts-check
// The time of a training step as a price list predicts it, compared with steps of the training engine: from
// prices of the network itself, from those of the other networks alone, and for one network from prices of
// half its batch.
import { cpu, joinedPrices, predictTime } from '@inplace-abn/core';
import { measurePrices } from '@inplace-abn/recipes';
import { ratioRow } from '../lib/pairs.mjs';
import { describe, median, significant, spread } from '../lib/stats.mjs';
import { networkConfig, PRECISIONS, trainerOf } from '../lib/training.mjs';
import { secondsOf, takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').PriceList} PriceList */
/**
 * @typedef {object} Case
 * @property {string} arch
 * @property {number} batch
 * @property {import('../lib/training.mjs').Precision} precision
 *
 * A case that was measured.
 * @typedef {Case & {
 *   prices: PriceList, plan: import('@inplace-abn/core').Plan, times: readonly number[],
 * }} Measured
 */

const NETWORKS = ['resnet50', 'resnet34', 'densenet121', 'resnext101', 'wider_resnet38'];
const BATCH = 4;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ networks = NETWORKS, batch = BATCH, steps = 5, onRows, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const precision of PRECISIONS) {
    /** @type {Measured[]} */
    const cases = [];
    for (const arch of networks) {
      const measured = await measure({ arch, batch, precision }, steps);
      cases.push(measured);
      const own = rowOf(measured, measured.prices, '', say);
      onRows?.([own]);
      rows.push(own);
    }
    for (const each of cases) {
      const [first, ...others] = cases.filter((other) => other !== each).map(({ prices }) => prices);
      if (first) rows.push(rowOf(each, others.reduce(joinedPrices, first), ', from the other networks', say));
    }
    const [first] = cases;
    if (!first) continue;
    const twice = await measure({ ...first, batch: 2 * batch }, steps);
    rows.push(rowOf(twice, first.prices, `, from batch ${batch}`, say));
  }
  return rows;
}

/**
 * @param {Case} of
 * @param {number} steps
 * @returns {Promise<Measured>}
 */
async function measure(of, steps) {
  const config = networkConfig(of.arch, of.batch, of.precision);
  const prices = await measurePrices(config, of.batch, cpu());
  const { engine, step } = trainerOf(config, cpu())();
  const [times = []] = await takeTurns([() => secondsOf(step)], { warmUp: 2, rounds: steps });
  engine.session.discard();
  return { ...of, prices, plan: engine.plan, times };
}

/**
 * @param {Measured} measured
 * @param {PriceList} prices
 * @param {string} from
 * @param {(line: string) => void} say
 * @returns {Row}
 */
function rowOf({ arch, precision, batch, plan, times }, prices, from, say) {
  const { seconds, sources } = predictTime([plan], prices);
  const peer = median(times);
  const variant = `${arch}, ${precision}, batch ${batch}${from}`;
  const share = Math.round((100 * sources.measured) / seconds);
  say(
    `${variant}: predicted ${significant(seconds)} s, ${share} % of it measured; step ${describe(times, 's')}; ratio ${significant(seconds / peer)}`,
  );
  return {
    ...ratioRow({ name: 'predicted-time', variant, unit: 's' }, seconds, peer),
    spread: spread(times),
  };
}
