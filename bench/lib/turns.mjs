// @ts-check

/**
 * One side of a comparison: runs once and resolves to its measurement.
 * @typedef {() => Promise<number>} Contender
 */

/**
 * Runs contenders strictly in turn, so that all see the same state of the machine: first uncounted warm-up rounds,
 * then `rounds` rounds of one turn each. Only one contender works at a time.
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
