// @ts-check
// Sums one number.

/** @param {import('@inplace-abn/comm').Processes} processes */
export default async function oneSum({ group }) {
  return (await group.allReduce(Float32Array.of(1)))[0];
}
