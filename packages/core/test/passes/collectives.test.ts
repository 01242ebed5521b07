/** Collectives in a step: where the passes schedule them, and where their values are stored. */
import { describe, expect, it } from 'vitest';
import { collectivesOf, type Graph, gradients } from '../../src/index.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { allReduce } from '../../src/ops/all_reduce.js';
import { startAllReduce } from '../../src/ops/all_reduce_start.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { guardFinite } from '../../src/ops/guard_finite.js';
import { linear } from '../../src/ops/linear.js';
import { pack } from '../../src/ops/pack.js';
import { sgd } from '../../src/ops/sgd.js';
import { unpack } from '../../src/ops/unpack.js';
import { alias } from '../../src/passes/alias.js';
import { order } from '../../src/passes/order.js';
import { prune } from '../../src/passes/prune.js';
import { programOf } from '../../src/program/program-of.js';

const SGD = { momentum: 0, weight_decay: 0, nesterov: false };
const WIDTHS = [4, 5, 3];

/** Two linear layers with one bucket per gradient; the loss is reduced too. */
function step(group: string): Graph {
  const tracer = new Tracer();
  const weights: Value[] = [];
  let x = tracer.input('x', [2, WIDTHS[0] ?? 1], 'float32');
  for (const [i, width] of WIDTHS.slice(1).entries()) {
    const weight = tracer.state(`w${i}`, [width, WIDTHS[i] ?? 1], 'float32', 'parameter');
    weights.push(weight);
    x = tracer.within(`layer${i}`, () => linear(x, weight, null));
  }
  const loss = crossEntropy(x, tracer.input('labels', [2], 'int32'));
  const sum = tracer.during('update', null, () => startAllReduce(pack([loss]), group));
  const own = gradients(loss, weights).map((gradient) => gradient ?? loss);
  const pending = tracer.during('update', null, () => own.map((each) => startAllReduce(pack([each]), group)));
  tracer.during('update', null, () => {
    const [mean = loss] = unpack(sum.wait(), [[]]);
    guardFinite(mean, 'the loss');
    tracer.output('loss', mean);
    for (const [i, weight] of weights.entries()) {
      const [grad = loss] = unpack(pending[i]?.wait() ?? loss, [weight.shape]);
      const lr = tracer.input(`lr${i}`, [], 'float32');
      tracer.assign(weight, sgd({ param: weight, grad, momentum: null, lr, clip: null }, SGD).param);
    }
  });
  return tracer.finish();
}

describe('collectives in a step', () => {
  it('start as soon as their values exist, and are waited for at the end', () => {
    const graph = order(prune(step('world')));
    expect(
      graph.nodes.map(({ op, path }) => (path ? `${op.name} @${path}` : op.name)),
    ).toMatchInlineSnapshot(`
      [
        "linear @layer0",
        "linear @layer1",
        "cross_entropy",
        "pack",
        "all_reduce_start",
        "constant",
        "cross_entropy_backward",
        "linear_backward_data @layer1",
        "linear_backward_weights @layer1",
        "pack",
        "all_reduce_start",
        "linear_backward_weights @layer0",
        "pack",
        "all_reduce_start",
        "all_reduce_wait",
        "unpack",
        "guard_finite",
        "all_reduce_wait",
        "unpack",
        "sgd",
        "all_reduce_wait",
        "unpack",
        "sgd",
      ]
    `);
  });

  it('are listed in order, for the processes to compare', () => {
    expect(collectivesOf(order(prune(step('world'))))).toMatchInlineSnapshot(`
      [
        "all_reduce_start(float32[16]) {"group":"world"} @",
        "all_reduce_start(float32[16]) {"group":"world"} @",
        "all_reduce_start(float32[32]) {"group":"world"} @",
        "all_reduce_wait(float32[16]) {"group":"world"} @",
        "all_reduce_wait(float32[32]) {"group":"world"} @",
        "all_reduce_wait(float32[16]) {"group":"world"} @",
      ]
    `);
  });

  it('own the memory of pending sums, and sums are read in place', () => {
    const graph = order(prune(step('world')));
    const { regions, slices } = alias(graph);
    const owner = (id: number | null | undefined) => regions.get(id ?? -1)?.owner;
    for (const node of graph.nodes) {
      if (!['all_reduce_start', 'all_reduce_wait', 'unpack'].includes(node.op.name)) continue;
      expect(owner(node.outputs[0]), node.op.name).toBe(owner(node.inputs[0]));
    }
    expect(slices.filter(({ flat }) => flat).map(({ veto }) => veto)).toEqual([null, null, null]);
  });

  it('have no effect in a group of one process', async () => {
    const graph = step('');
    const results = [];
    for (const inPlace of [true, false]) {
      const program = programOf(graph, { inPlace });
      const { store } = program;
      for (const { name, shape } of store.specs) {
        store.write(
          name,
          Float32Array.from({ length: (shape[0] ?? 1) * (shape[1] ?? 1) }, (_, i) => Math.sin(i + 1)),
        );
      }
      const x = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));
      const rates = { lr0: Float32Array.of(0.1), lr1: Float32Array.of(0.1) };
      const { outputs } = await program.run({ x, labels: Int32Array.of(0, 2), ...rates });
      results.push({ loss: outputs.loss, weights: [...store.stateDict().values()].map(({ data }) => data) });
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.loss?.[0]).toBeGreaterThan(0);
  });

  it('need a process group only when they run', async () => {
    const tracer = new Tracer();
    tracer.output(
      'sum',
      tracer.within('here', () => allReduce(tracer.input('x', [3], 'float32'), 'nobody')),
    );
    const program = programOf(tracer.finish());
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow(
      'all_reduce at here failed: no process group named nobody is initialized in this process',
    );
  });
});
