// @ts-check
// The time of a training step as a price list predicts it, compared with steps of the training engine: from
// prices of the network itself, from those of the other networks alone, and for one network from prices of
// half its batch. Prices and steps are measured in turn, and again if they are unsteady: a host may move the
// cores of a virtual machine apart at any time, and steps then take half as long again, or more.
import { cpu, joinedPrices, predictTime } from '@inplace-abn/core';
import { measurePrices } from '@inplace-abn/recipes';
import { roundTrip } from '../lib/cores.mjs';
import { pairRow, ratioRow } from '../lib/pairs.mjs';
import { describe, median, significant, spread } from '../lib/stats.mjs';
import { networkConfig, PRECISIONS, trainerOf } from '../lib/training.mjs';
import { secondsOf, takePairs, takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').PriceList} PriceList */
/**
 * @typedef {object} Case
 * @property {string} arch
 * @property {number} batch
 * @property {import('../lib/training.mjs').Precision} precision
 *
 * A measured case. `pair` has the predicted and the measured time of each turn, and `lists` the price list of
 * each turn, by the time that it predicts. `trips`: round trips between threads, in nanoseconds, measured
 * before and after.
 * @typedef {Case & {
 *   lists: ReadonlyMap<number, PriceList>, plan: import('@inplace-abn/core').Plan,
 *   pair: import('../lib/turns.mjs').Pair, trips: readonly number[],
 * }} Measured
 */

const NETWORKS = ['resnet50', 'resnet34', 'densenet121', 'resnext101', 'wider_resnet38'];
const BATCH = 4;
/** Steps per turn; their median counts. */
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
  /** @type {Map<number, PriceList>} */
  const lists = new Map();
  /** @type {number[]} */
  const trips = [];
  const note = async () => {
    const trip = await roundTrip();
    if (trip !== null) trips.push(trip);
  };
  const price = async () => {
    // The steps have an arena of their own.
    engine.session.discard();
    const list = await measurePrices(networkConfig(arch, priced, precision), priced, cpu());
    const { seconds } = predictTime([engine.plan], list);
    lists.set(seconds, list);
    await note();
    return seconds;
  };
  const steps = async () => {
    const [seconds = []] = await takeTurns([() => secondsOf(step)], { warmUp: 2, rounds: STEPS });
    await note();
    return median(seconds);
  };
  await note();
  const [pair = { ours: [], theirs: [] }] = await takePairs(price, [steps], { warmUp: 0, rounds });
  engine.session.discard();
  return { arch, batch, precision, lists, plan: engine.plan, pair, trips };
}

/**
 * The list that predicts the median of the turns, or the next longer time.
 * @param {Measured} measured
 */
function typicalList({ lists, pair }) {
  const sorted = [...pair.ours].sort((a, b) => a - b);
  const list = lists.get(sorted[sorted.length >> 1] ?? Number.NaN);
  if (!list) throw new RangeError('nothing was priced');
  return list;
}

/**
 * The row of predicted and measured times.
 * @param {Measured} measured
 * @param {string} from
 * @param {(line: string) => void} say
 * @returns {Row}
 */
function ownRow(measured, from, say) {
  const { pair, trips } = measured;
  const what = whatOf(measured, from);
  const row = pairRow(what, pair);
  say(
    `${what.variant}: predicted ${describe(pair.ours, 's')}, ${shareOf(measured, typicalList(measured))} % of it measured; step ${describe(pair.theirs, 's')}; ratio of the turns ${significant(row.paired ?? row.ratio)}${rangeOf(trips)}`,
  );
  return row;
}

/** @param {readonly number[]} trips */
function rangeOf(trips) {
  if (trips.length === 0) return '';
  return `; from thread to thread and back ${Math.min(...trips)} to ${Math.max(...trips)} ns`;
}

/**
 * @param {Measured} measured
 * @param {PriceList} prices
 * @param {(line: string) => void} say
 * @returns {Row}
 */
function othersRow(measured, prices, say) {
  const { plan, pair } = measured;
  const times = pair.theirs;
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
