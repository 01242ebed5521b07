// @ts-check
import { median } from './stats.mjs';
import { pairSpread } from './turns.mjs';

/** @typedef {import('./suites.mjs').Row} Row */

/** Units of which more is better; of all others, such as seconds, less is. */
export const RATES = new Set(['images/s', 'GFLOP/s', 'GB/s']);

/**
 * The row of two numbers, and their ratio.
 * @param {{ name: string, variant: string, unit: string }} what
 * @param {number} ours
 * @param {number} peer
 * @returns {Row}
 */
export function ratioRow({ name, variant, unit }, ours, peer) {
  return { name, variant, ours, peer, ratio: ours / peer, unit };
}

/**
 * The row of a pair: the best of each side and their ratio, and the median of the rounds' ratios, which a
 * slow minute moves less.
 * @param {{ name: string, variant: string, unit: string }} what
 * @param {import('./turns.mjs').Pair} pair
 * @returns {Row}
 */
export function pairRow(what, pair) {
  const best = RATES.has(what.unit) ? Math.max : Math.min;
  const [ours, peer] = [best(...pair.ours), best(...pair.theirs)];
  const paired = median(pair.ours.map((own, round) => own / (pair.theirs[round] ?? Number.NaN)));
  return { ...what, ours, peer, ratio: ours / peer, paired, spread: pairSpread(pair) };
}
