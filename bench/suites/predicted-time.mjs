// @ts-check
// The time of a training step as a price list predicts it, compared with steps of the training engine: from
// prices of the network itself, from those of the other networks alone, and for one network from prices of
// half its batch. Prices and steps are measured in turn: how much of a shared cache a machine has to itself
// may change within minutes, and a step with it.
import { cpu, joinedPrices, predictTime } from '@inplace-abn/core';
import { measurePrices } from '@inplace-abn/recipes';
import { pairRow, ratioRow } from '../lib/pairs.mjs';
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
 * A case that was measured: in each turn, prices and then steps.
 * @typedef {Case & {
 *   lists: readonly PriceList[], plan: import('@inplace-abn/core').Plan,
 *   predicted: readonly number[], times: readonly number[],
 * }} Measured
 */

const NETWORKS = ['resnet50', 'resnet34', 'densenet121', 'resnext101', 'wider_resnet38'];
const BATCH = 4;
/** Of a turn, of which the median counts. */
const STEPS = 3;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ networks = NETWORKS, batch = BATCH, steps = 3, onRows, say }) {
  /** @type {Row[]} */
  const rows = [];
  const add = (/** @type {Row} */ row) => {
    onRows?.([row]);
    rows.push(row);
  };
  for (const precision of PRECISIONS) {
    /** @type {Measured[]} */
    const cases = [];
    for (const arch of networks) {
      const measured = await measure({ arch, batch, precision }, steps);
      cases.push(measured);
      add(ownRow(measured, '', say));
    }
    for (const each of cases) {
      const [first, ...others] = cases.filter((other) => other !== each).map(typicalList);
      if (first) add(othersRow(each, others.reduce(joinedPrices, first), say));
    }
    const [first] = cases;
    if (!first) continue;
    const twice = await measure({ ...first, batch: 2 * batch }, steps, batch);
    add(ownRow(twice, `, from batch ${batch}`, say));
  }
  return rows;
}

/**
 * @param {Case} of
 * @param {number} rounds
 * @param {number} [priced]  images of the step that is priced
 * @returns {Promise<Measured>}
 */
async function measure({ arch, batch, precision }, rounds, priced = batch) {
  const { engine, step } = trainerOf(networkConfig(arch, batch, precision), cpu())();
  /** @type {PriceList[]} */
  const lists = [];
  const price = async () => {
    // The steps have an arena of their own.
    engine.session.discard();
    const list = await measurePrices(networkConfig(arch, priced, precision), priced, cpu());
    lists.push(list);
    return predictTime([engine.plan], list).seconds;
  };
  const steps = async () => {
    const [seconds = []] = await takeTurns([() => secondsOf(step)], { warmUp: 2, rounds: STEPS });
    return median(seconds);
  };
  const [predicted = [], times = []] = await takeTurns([price, steps], { warmUp: 0, rounds });
  engine.session.discard();
  return { arch, batch, precision, lists, plan: engine.plan, predicted, times };
}

/**
 * The list that predicts the median of the turns, or the next longer time.
 * @param {Measured} measured
 */
function typicalList({ lists, predicted }) {
  const order = [...predicted.keys()].sort((a, b) => (predicted[a] ?? 0) - (predicted[b] ?? 0));
  const list = lists[order[order.length >> 1] ?? 0];
  if (!list) throw new RangeError('nothing was priced');
  return list;
}

/**
 * The turns as a pair.
 * @param {Measured} measured
 * @param {string} from
 * @param {(line: string) => void} say
 * @returns {Row}
 */
function ownRow(measured, from, say) {
  const { predicted: ours, times: theirs } = measured;
  const what = whatOf(measured, from);
  const row = pairRow(what, { ours, theirs });
  say(
    `${what.variant}: predicted ${describe(ours, 's')}, ${shareOf(measured, typicalList(measured))} % of it measured; step ${describe(theirs, 's')}; ratio of the turns ${significant(row.paired ?? row.ratio)}`,
  );
  return row;
}

/**
 * @param {Measured} measured
 * @param {PriceList} prices
 * @param {(line: string) => void} say
 * @returns {Row}
 */
function othersRow(measured, prices, say) {
  const { plan, times } = measured;
  const what = whatOf(measured, ', from the other networks');
  const { seconds } = predictTime([plan], prices);
  const row = { ...ratioRow(what, seconds, median(times)), spread: spread(times) };
  say(
    `${what.variant}: predicted ${significant(seconds)} s, ${shareOf(measured, prices)} % of it measured; step ${describe(times, 's')}; ratio ${significant(row.ratio)}`,
  );
  return row;
}

/**
 * @param {Case} of
 * @param {string} from
 */
function whatOf({ arch, precision, batch }, from) {
  return { name: 'predicted-time', variant: `${arch}, ${precision}, batch ${batch}${from}`, unit: 's' };
}

/**
 * Percent of the predicted time that was measured.
 * @param {Pick<Measured, 'plan'>} of
 * @param {PriceList} prices
 */
function shareOf({ plan }, prices) {
  const { seconds, sources } = predictTime([plan], prices);
  return Math.round((100 * sources.measured) / seconds);
}
