// @ts-check
// How the time of a step depends on the number of threads: fitted to two measurements, and projected.

/**
 * An instruction of a step.
 * @typedef {object} Measured
 * @property {string} kind  instructions of one kind have one serial share
 * @property {number} one  seconds on one thread
 * @property {number} two  seconds on two
 * @property {number} bytes  that cross the memory bus at least once
 * @property {number | null} items  parts that its work is divided into; null: any number
 *
 * A measured or assumed machine.
 * @typedef {object} Bandwidth
 * @property {number} one  bytes per second of a copy on one thread
 * @property {number} two  on two
 * @property {number} most  on any number
 *
 * @typedef {object} Kind
 * @property {string} kind
 * @property {number} one  seconds of all its instructions on one thread
 * @property {number} two
 * @property {number} serial  share of `one` that a second thread does not halve
 * @property {boolean} bound  whether memory bounds it on two threads; `serial` is then not serial work
 */

/** Share of a copy's rate from which memory, not instructions, bounds a kernel. */
const BOUND = 0.6;

/**
 * Amdahl's law t(n) = s + (t(1) − s)/n, solved for s, of the instructions of each kind.
 * @param {readonly Measured[]} instructions
 * @param {Bandwidth} bandwidth
 * @returns {Kind[]} the longest first
 */
export function kindsOf(instructions, bandwidth) {
  /** @type {Map<string, { one: number, two: number, bytes: number }>} */
  const sums = new Map();
  for (const { kind, one, two, bytes } of instructions) {
    const sum = sums.get(kind) ?? { one: 0, two: 0, bytes: 0 };
    sums.set(kind, { one: sum.one + one, two: sum.two + two, bytes: sum.bytes + bytes });
  }
  return [...sums]
    .map(([kind, { one, two, bytes }]) => ({
      kind,
      one,
      two,
      serial: one > 0 ? Math.min(1, Math.max(0, (2 * two - one) / one)) : 0,
      bound: bytes > BOUND * bandwidth.two * two,
    }))
    .sort((a, b) => b.two - a.two);
}

/**
 * Seconds of the step on `threads` threads: each instruction takes its serial share, and the rest in as many
 * parts as it has work items and there are threads, or the time of its bytes if that is longer.
 *
 * @param {readonly Measured[]} instructions
 * @param {readonly Kind[]} kinds
 * @param {Bandwidth} bandwidth
 * @param {number} threads
 */
export function projected(instructions, kinds, bandwidth, threads) {
  const rate = Math.min(bandwidth.most, (Math.max(threads, 1) * bandwidth.two) / 2);
  const known = new Map(kinds.map((kind) => [kind.kind, kind]));
  return instructions.reduce((sum, { kind, one, bytes, items }) => {
    const { serial = 0, bound = false } = known.get(kind) ?? {};
    const share = bound ? 0 : serial;
    const parts = items === null ? 1 / threads : Math.ceil(items / threads) / items;
    return sum + Math.max(one * (share + (1 - share) * parts), bytes / rate);
  }, 0);
}
