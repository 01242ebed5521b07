// @ts-check
import { spread } from './stats.mjs';

/**
 * One side of a comparison: runs once and resolves to its measurement.
 * @typedef {() => Promise<number>} Contender
 */

/**
 * Wall-clock seconds of one call.
 * @param {() => Promise<unknown>} work
 */
export async function secondsOf(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Runs contenders strictly in turn, so that all see the same state of the machine: first uncounted warm-up
 * rounds, then `rounds` rounds of one turn each. Only one contender works at a time.
 *
 * @param {readonly Contender[]} contenders
 * @param {{ warmUp: number, rounds: number, onRound?: (measured: readonly number[]) => void }} options
 * @returns {Promise<number[][]>} measurements by contender and round
 */
export async function takeTurns(contenders, { warmUp, rounds, onRound }) {
  /** @type {number[][]} */
  const measured = contenders.map(() => []);
  for (let round = -warmUp; round < rounds; round++) {
    /** @type {number[]} */
    const turns = [];
    for (const contender of contenders) turns.push(await contender());
    if (round < 0) continue;
    turns.forEach((value, index) => {
      measured[index]?.push(value);
    });
    onRound?.(turns);
  }
  return measured;
}

/** Largest spread of a side that is recorded without a mark: half the range, relative to the median. */
export const STEADY = 0.15;

/**
 * Measurements of ours and of one peer in the same rounds.
 * @typedef {{ ours: readonly number[], theirs: readonly number[] }} Pair
 */

/** The larger spread of both sides. @param {Pair} pair */
export const pairSpread = ({ ours, theirs }) => Math.max(spread(ours), spread(theirs));

/**
 * Takes turns (ours, peer A, peer B, ours, …). Pairs with an unsteady side are measured again, `repeats`
 * times at most; the steadiest attempt counts, even if it is still unsteady.
 *
 * @param {Contender} ours
 * @param {readonly Contender[]} peers
 * @param {object} options
 * @param {number} options.warmUp  uncounted rounds before the first attempt
 * @param {number} options.rounds  of an attempt
 * @param {number} [options.repeats]
 * @param {(measured: readonly number[]) => void} [options.onRound]  of the first attempt
 * @param {(peers: readonly number[]) => void} [options.onRepeat]  indices of the peers that are measured again
 * @returns {Promise<Pair[]>} by peer
 */
export async function takePairs(ours, peers, { warmUp, rounds, repeats = 2, onRound, onRepeat }) {
  const attempt = async (
    /** @type {readonly Contender[]} */ others,
    /** @type {Parameters<typeof takeTurns>[1]} */ options,
  ) => {
    const [own = [], ...measured] = await takeTurns([ours, ...others], options);
    return measured.map((theirs) => ({ ours: own, theirs }));
  };
  /** @type {Pair[]} */
  const pairs = await attempt(peers, { warmUp, rounds, onRound });
  for (let repeat = 0; repeat < repeats; repeat++) {
    const unsteady = pairs.flatMap((pair, index) => (pairSpread(pair) > STEADY ? [index] : []));
    if (unsteady.length === 0) break;
    onRepeat?.(unsteady);
    const again = await attempt(
      peers.filter((_, index) => unsteady.includes(index)),
      { warmUp: 0, rounds },
    );
    for (const [place, index] of unsteady.entries()) {
      const [before, now] = [pairs[index], again[place]];
      if (before && now && pairSpread(now) < pairSpread(before)) pairs[index] = now;
    }
  }
  return pairs;
}
