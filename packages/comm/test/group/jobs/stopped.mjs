// @ts-check
// A step that an op in JavaScript stops while a sum is in flight, then a step that completes.
import { defineOp, programOf, startAllReduce, trace } from '@inplace-abn/core';

const failing = defineOp({
  name: 'failing',
  inputs: { fails: 'float32' },
  run({ fails }, out) {
    if (fails.data[0] === 1) throw new Error('stopped');
    out.data[0] = 0;
  },
  gradient: null,
});

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {number} length
 */
export default async function stopped({ group }, length) {
  const graph = trace((tracer) => {
    const pending = startAllReduce(tracer.input('x', [length], 'float32'), group.name);
    const done = failing({ fails: tracer.input('fails', [1], 'float32') });
    return { done, sum: pending.wait() };
  });
  const program = programOf(graph);
  /** @param {number} value @param {number} fails */
  const run = (value, fails) => {
    return program.run({ x: new Float32Array(length).fill(value), fails: Float32Array.of(fails) });
  };
  const message = await run(1, 1).catch((error) => error.message);
  const { outputs } = await run(group.rank + 1, 0);
  return { message, sums: [...new Set(outputs.sum)] };
}
