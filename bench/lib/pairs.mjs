// @ts-check
import { describe, median } from './stats.mjs';
import { pairSpread, takePairs } from './turns.mjs';

/** @typedef {import('./suites.mjs').Row} Row */
/** @typedef {import('./turns.mjs').Contender} Contender */

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

/**
 * The rows of contenders that take turns with one peer, those of unsteady pairs again.
 * @param {readonly { variant: string, run: Contender }[]} sides
 * @param {Contender} peer
 * @param {object} options
 * @param {string} options.name  of the benchmark
 * @param {string} options.unit
 * @param {number} options.warmUp  as takePairs has it
 * @param {number} options.rounds
 * @param {(line: string) => void} options.say
 */
export async function rowsInTurn(sides, peer, { name, unit, warmUp, rounds, say }) {
  const variantOf = (/** @type {number} */ index) => sides[index]?.variant ?? '';
  const pairs = await takePairs(
    peer,
    sides.map(({ run }) => run),
    { warmUp, rounds, onRepeat: (indices) => say(`unsteady, again: ${indices.map(variantOf).join('; ')}`) },
  );
  return pairs.map(({ ours: theirs, theirs: ours }, index) => {
    const variant = variantOf(index);
    say(`${variant}: ${describe(ours, unit)}, peer ${describe(theirs, unit)}`);
    return pairRow({ name, variant, unit }, { ours, theirs });
  });
}
