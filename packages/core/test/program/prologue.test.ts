/** Values that depend only on states are computed once, and again whenever they may be stale. */

import { channels } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { IDENTITY } from '../../src/ir/activations.js';
import type { Graph } from '../../src/ir/graph.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { linear } from '../../src/ops/linear.js';
import { maxPool } from '../../src/ops/max_pool.js';
import type { Plan } from '../../src/plan/plan.js';
import { type Arrays, Program } from '../../src/program/program.js';
import { programOf } from '../../src/program/program-of.js';
import { Store, statesOf } from '../../src/program/store.js';
import { convolution, evaluationOf, filledStore, fixedAbn, stateOf } from '../support/inference.js';
import { classifierStep, conv, LEAKY } from '../support/nets.js';
import { expectSoundPlacement } from '../support/placement.js';
import { normal } from '../support/prng.js';

function network(x: Value): Value {
  const stem = fixedAbn(convolution(x, 'stem', 16), 'stem_bn', LEAKY);
  const inner = fixedAbn(convolution(stem, 'conv1', 16, { size: 1 }), 'bn1', LEAKY);
  const block = add(fixedAbn(convolution(inner, 'conv2', 16), 'bn2', IDENTITY), stem, LEAKY);
  // Normalization before a convolution cannot be folded.
  const pre = fixedAbn(maxPool(block, 2), 'pre_bn', LEAKY);
  const pooled = globalAvgPool(convolution(pre, 'last', 8));
  const fc = x.tracer.state('fc', [5, channels(pooled.shape)], 'float32', 'parameter');
  return linear(pooled, fc, null);
}

const step = (batch: number) => evaluationOf([batch, 3, 8, 8], network);

/** A program with its own arena, so its results cannot be stale. */
async function fresh(graph: Graph, store: Store, inputs: Arrays): Promise<Arrays> {
  return (await programOf(graph, { store }).run(inputs)).outputs;
}

function load(...batches: readonly number[]) {
  const device = cpu();
  const steps = batches.map(step);
  const store = filledStore(steps.map(({ graph }) => graph));
  const plans = steps.map(({ graph }) => compile(graph, device));
  const arena = device.allocate(Math.max(...plans.map(({ arenaBytes }) => arenaBytes)));
  return { arena, store, steps, programs: plans.map((plan) => new Program(plan, device, store, arena)) };
}

/** Number of instructions that took time. */
async function ran(program: Program, inputs: Arrays): Promise<number> {
  const { timings } = await program.run(inputs, { timed: true });
  expect(timings).toHaveLength(program.plan.instructions.length);
  return timings.filter(({ end }) => end > 0).length;
}

const sizesOf = ({ instructions, prologue }: Plan) => ({ all: instructions.length, prologue });

describe('the prologue', () => {
  it('holds nodes that depend only on states, and weight layouts', () => {
    const plan = compile(step(2).graph, cpu());
    const once = plan.instructions.slice(0, plan.prologue);
    expect(
      once.filter(({ part }) => part === 'run').map(({ node }) => `${node.op.name} ${node.path}`),
    ).toEqual(['abn_fold stem', 'abn_fold conv1', 'abn_fold conv2']);
    for (const { kernel, part } of plan.instructions.slice(plan.prologue)) {
      expect(part).toBe('run');
      if (kernel.layout) expect(once.some((other) => other.kernel === kernel)).toBe(true);
    }
    expectSoundPlacement(plan.buffers, plan.arenaBytes);
    const kept = plan.buffers.filter(({ kind, end }) => kind === 'constant' && end >= plan.prologue);
    expect(kept.length).toBeGreaterThan(0);
    for (const { start, end } of kept) expect([start, end]).toEqual([0, plan.instructions.length - 1]);
    expect(plan.bytes.constants).toBeGreaterThan(0);
  });

  it('runs once for many runs', async () => {
    const { programs, steps } = load(2);
    const [program, inputs] = [programs[0] as Program, steps[0]?.inputs ?? {}];
    const { all, prologue } = sizesOf(program.plan);
    expect(prologue).toBeGreaterThan(3);
    const first = await program.run(inputs);
    expect(await ran(program, inputs)).toBe(all - prologue);
    const other = { x: normal('other', [2, 3, 8, 8]) };
    const second = await program.run(other);
    expect(second.outputs).toEqual((await load(2).programs[0]?.run(other))?.outputs);
    expect((await program.run(inputs)).outputs).toEqual(first.outputs);
  });

  it('runs again after the store was written', async () => {
    const { programs, steps, store } = load(2);
    const [program, { graph, inputs }] = [programs[0] as Program, step(2)];
    const before = await program.run(inputs);
    for (const { name, shape } of store.specs) {
      store.write(name, stateOf(name, shape, 'second'));
      const { outputs } = await program.run(inputs);
      expect(outputs, name).toEqual(await fresh(graph, store, inputs));
    }
    expect((await program.run(steps[0]?.inputs ?? {})).outputs).not.toEqual(before.outputs);
  });

  it('runs again when another program used the arena', async () => {
    const { programs, steps, store } = load(4, 3);
    const wanted = await Promise.all(steps.map(({ graph, inputs }) => fresh(graph, store, inputs)));
    for (const turn of [0, 1, 0, 0, 1, 1, 0]) {
      const result = await programs[turn]?.run(steps[turn]?.inputs ?? {});
      expect(result?.outputs).toEqual(wanted[turn]);
    }
  });

  it('runs again after instructions were run one by one', async () => {
    const { programs, steps } = load(2);
    const [program, inputs] = [programs[0] as Program, steps[0]?.inputs ?? {}];
    const { outputs } = await program.run(inputs);
    await program.feed(inputs);
    for (const index of program.plan.instructions.keys()) await program.step(index);
    expect(program.peek(program.plan.graph.outputs.get('out') ?? -1)).toEqual(outputs.out);
    expect((await program.run(inputs)).outputs).toEqual(outputs);
  });

  it('runs again after a training step on the same store and arena', async () => {
    const device = cpu();
    const training = classifierStep(2, 8, (x) => conv(conv(x, 'conv1', 8, 3), 'conv2', 8, 3));
    const evaluation = evaluationOf([2, 3, 8, 8], (x) =>
      globalAvgPool(fixedAbn(conv(conv(x, 'conv1', 8, 3), 'conv2', 8, 3), 'bn', LEAKY)),
    );
    const plans = [training.graph, evaluation.graph].map((graph) => compile(graph, device));
    const store = new Store(device, statesOf(training.graph, evaluation.graph));
    for (const { name, shape, kind } of store.specs) {
      if (kind === 'parameter') store.write(name, stateOf(shape.length === 1 ? name : `w:${name}`, shape));
    }
    const arena = device.allocate(Math.max(...plans.map(({ arenaBytes }) => arenaBytes)));
    const [train, evaluate] = plans.map((plan) => new Program(plan, device, store, arena));
    expect(train?.plan.prologue).toBe(0);
    expect(evaluate?.plan.prologue).toBeGreaterThan(0);
    const results: Arrays[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const outputs = (await evaluate?.run(evaluation.inputs))?.outputs ?? {};
      expect(outputs).toEqual(await fresh(evaluation.graph, store, evaluation.inputs));
      results.push(outputs);
      await train?.run(training.inputs);
    }
    expect(results[1]).not.toEqual(results[0]);
    // A program with its own arena sees the step too.
    const apart = programOf(evaluation.graph, { store });
    await apart.run(evaluation.inputs);
    await train?.run(training.inputs);
    const { outputs } = await apart.run(evaluation.inputs);
    expect(outputs).toEqual(await fresh(evaluation.graph, store, evaluation.inputs));
  });
});
