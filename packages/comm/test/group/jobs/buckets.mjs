// @ts-check
// Sums gradients in the background of a compiled step, twice: the second step must find nothing of the first.
import { sumInBuckets } from '@inplace-abn/comm';
import { programOf, trace } from '@inplace-abn/core';

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {{ sizes: readonly number[], bytes: number }} argument
 */
export default async function buckets({ group }, { sizes, bytes }) {
  const graph = trace((tracer) => {
    const gradients = sizes.map((size, i) => tracer.input(`g${i}`, [size], 'float32'));
    const sums = sumInBuckets(gradients, group, { bytes });
    return Object.fromEntries(sums.map((sum, i) => [`s${i}`, sum]));
  });
  const program = programOf(graph);
  /** @param {number} factor */
  const made = async (factor) => {
    const inputs = sizes.map((length, i) => {
      return [`g${i}`, Float32Array.from({ length }, (_, j) => factor * Math.sin(i + j + group.rank))];
    });
    const { outputs } = await program.run(Object.fromEntries(inputs));
    return sizes.map((_, i) => Float32Array.from(/** @type {Float32Array} */ (outputs[`s${i}`])));
  };
  await made(2);
  return made(1);
}
