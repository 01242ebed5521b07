// @ts-check

/**
 * One side of a comparison: does its work once and resolves to what it measured.
 * @typedef {() => Promise<number>} Contender
 */

/**
 * Lets contenders work strictly in turn, so that all meet the same state of the machine: warm-up rounds that are not
 * counted, then `rounds` rounds of one turn each. Nobody works while another has its turn.
 *
 * @param {readonly Contender[]} contenders
 * @param {{ warmUp: number, rounds: number, onRound?: (measured: readonly number[]) => void }} options
 * @returns {Promise<number[][]>} for each contender what it measured in each round
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
