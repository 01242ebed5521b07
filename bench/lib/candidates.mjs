// @ts-check
// The worth of each family of kernels in a step, from the times of all candidates.

/**
 * A distinct convolution of a step.
 * @typedef {object} Signature
 * @property {string} name
 * @property {number} count  in a step
 * @property {string} chosen  the candidate that autotuning selects
 * @property {Readonly<Record<string, number>>} seconds  by candidate: the shortest run
 *
 * @typedef {object} Worth
 * @property {string} family
 * @property {number} among  signatures that it has a candidate for
 * @property {number} fastest  signatures for which one of its candidates is the fastest
 * @property {number} needed  signatures that no other family can compute; they do not count in `loss`
 * @property {number} loss  seconds that the step would take longer without it
 */

/** Candidates by family. A candidate in two families is lost without either of them. */
export const FAMILIES = {
  oneDNN: ['onednn', 'matmul'],
  gemm: ['gemm'],
  winograd: ['winograd'],
  grouped: ['grouped'],
  depthwise: ['depthwise'],
  tiled: ['tiled'],
  pointwise: ['pointwise'],
  float_images: ['float32 images', 'float32 images in parts'],
  channel_parts: ['parts', 'float32 images in parts'],
};

/** Every candidate: the names by which native/cpu/ops/conv2d*.cc register them. */
export const CANDIDATES = [...new Set(Object.values(FAMILIES).flat())];

/**
 * @param {readonly Signature[]} signatures
 * @returns {Worth[]}
 */
export function worthOf(signatures) {
  return Object.entries(FAMILIES).map(([family, names]) => {
    const worth = { family, among: 0, fastest: 0, needed: 0, loss: 0 };
    for (const { count, seconds } of signatures) {
      if (!names.some((name) => name in seconds)) continue;
      worth.among += 1;
      const best = leastOf(seconds, () => true);
      const rest = leastOf(seconds, (name) => !names.includes(name));
      if (rest > best) worth.fastest += 1;
      if (rest === Number.POSITIVE_INFINITY) worth.needed += 1;
      else worth.loss += count * (rest - best);
    }
    return worth;
  });
}

/**
 * Seconds that the choices of autotuning cost: each compared with the fastest candidate.
 * @param {readonly Signature[]} signatures
 */
export function regretOf(signatures) {
  return signatures.reduce((sum, { count, chosen, seconds }) => {
    const taken = seconds[chosen];
    return taken === undefined ? sum : sum + count * (taken - leastOf(seconds, () => true));
  }, 0);
}

/**
 * @param {Readonly<Record<string, number>>} seconds
 * @param {(name: string) => boolean} counts
 */
function leastOf(seconds, counts) {
  const times = Object.entries(seconds).flatMap(([name, time]) => (counts(name) ? [time] : []));
  return Math.min(...times);
}
