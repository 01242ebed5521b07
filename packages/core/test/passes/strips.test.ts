import { elements } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../src/compile/compile.js';
import type { Graph } from '../../src/ir/graph.js';
import { formatGraph } from '../../src/ir/text.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { broadcastAdd } from '../../src/ops/broadcast_add.js';
import { concat } from '../../src/ops/concat.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { padReplicate } from '../../src/ops/pad_replicate.js';
import { resizeBilinear } from '../../src/ops/resize_bilinear.js';
import { fold } from '../../src/passes/fold.js';
import { prune } from '../../src/passes/prune.js';
import { transient } from '../../src/passes/transient.js';
import { BudgetError } from '../../src/plan/budget.js';
import { programOf } from '../../src/program/program-of.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { strips } from '../../src/strips/pass.js';
import { cutsOf, Flow, type Segment, segmentBetween } from '../../src/strips/segment.js';
import { convolution, evaluationOf, filledStore, fixedAbn, stateOf } from '../support/inference.js';
import { LEAKY } from '../support/nets.js';

/** The longest segment of a graph. */
function wholeSegment(graph: Graph): Segment {
  const cuts = cutsOf(new Flow(graph));
  const [first, last] = [cuts[0], cuts.at(-1)];
  const segment = first && last && segmentBetween(new Flow(graph), first, last);
  if (!segment) throw new Error('the graph has no segment');
  return segment;
}

function outputOf(graph: Graph): Float64Array {
  const states = graph.states.map(({ name, value }) => {
    return [name, Float64Array.from(stateOf(name, graph.values.get(value)?.shape ?? []))] as const;
  });
  const [x] = graph.inputs.values();
  const size = elements(graph.values.get(x ?? -1)?.shape ?? []);
  const image = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i));
  const { outputs } = evaluateGraph(graph, new Map([['x', image]]), new Map(states));
  return outputs.get('out') ?? new Float64Array();
}

/** A layer of a random network: reductions, dilations, branches. */
type Layer = (x: Value, name: string) => Value;

const LAYERS: Record<string, Layer> = {
  dense: (x, name) => fixedAbn(convolution(x, name, 3), `${name}.bn`, LEAKY),
  dilated: (x, name) => convolution(x, name, 3, { dilation: 3 }),
  strided: (x, name) => convolution(x, name, 3, { stride: 2 }),
  pooled: (x) => maxPool(x, 3, { stride: 2, padding: 1 }),
  average: (x) => avgPool(x, 2, { stride: 2 }),
  residual: (x, name) =>
    add(convolution(x, `${name}.a`, 3), convolution(x, `${name}.b`, 3, { size: 1 }), LEAKY),
  joined: (x, name) => concat([x, convolution(x, name, 2)]),
  context: (x) => padReplicate(avgPool(x, 4, { stride: 1 }), { top: 1, bottom: 2, left: 1, right: 2 }),
  projected: (x, name) => {
    const strided = { stride: 2, size: 3 };
    return add(
      convolution(x, `${name}.a`, 4, strided),
      convolution(x, `${name}.b`, 4, { ...strided, size: 1 }),
    );
  },
};

const networkOf = (names: readonly string[], height: number, width = 17) =>
  evaluationOf([1, 3, height, width], (x) =>
    names.reduce(
      (value, name, index) => LAYERS[name]?.(value, `l${index}`) ?? value,
      activation(x, { activation: 'identity', slope: 0 }),
    ),
  ).graph;

describe('strips', () => {
  it('slices rows, runs the nodes, and reassembles the rows', () => {
    const { graph } = evaluationOf([1, 2, 6, 4], (x) => {
      const y = activation(x, LEAKY);
      return maxPool(convolution(y, 'conv', 2), 2);
    });
    const striped = prune(strips(graph, [{ segment: wholeSegment(graph), count: 2 }]));
    expect(formatGraph(striped)).toMatchInlineSnapshot(`
      "input x %0:float32[1,2,6,4]
      state conv.weight %2:float32[2,2,3,3] parameter
      forward:
        %6:float32[1,2,4,4] = slice_rows(%0) {begin: 0, length: 4}
        %7:float32[1,2,4,4] = activation(%6) {activation: leaky_relu, slope: 0.1}
        %8:float32[1,2,4,4] = conv2d(%7, %2, _) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1} @conv
        %9:float32[1,2,2,2], %10:uint8[1,2,2,2] = max_pool(%8) {kernel: [2,2], stride: [2,2], padding: [0,0], ceil: false}
        %11:float32[1,2,1,2] = slice_rows(%9) {begin: 0, length: 1}
        %12:float32[1,2,3,2] = insert_rows(%11, _) {begin: 0, height: 3}
        %13:float32[1,2,6,4] = activation(%0) {activation: leaky_relu, slope: 0.1}
        %14:float32[1,2,6,4] = conv2d(%13, %2, _) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1} @conv
        %15:float32[1,2,3,2], %16:uint8[1,2,3,2] = max_pool(%14) {kernel: [2,2], stride: [2,2], padding: [0,0], ceil: false}
        %17:float32[1,2,2,2] = slice_rows(%15) {begin: 1, length: 2}
        %4:float32[1,2,3,2] = insert_rows(%17, %12) {begin: 1, height: 3}
      output out %4"
    `);
  });

  it('computes each element from the same operands as the whole image', () => {
    const heights = fc.integer({ min: 33, max: 50 });
    const layers = fc.array(fc.constantFrom(...Object.keys(LAYERS)), { minLength: 1, maxLength: 4 });
    const network = fc.record({ layers, height: heights, count: fc.integer({ min: 2, max: 6 }) });
    fc.assert(
      fc.property(network, ({ layers, height, count }) => {
        const graph = fold(networkOf(layers, height));
        const striped = prune(strips(graph, [{ segment: wholeSegment(graph), count }]));
        expect(outputOf(striped)).toEqual(outputOf(graph));
      }),
      { numRuns: 50, seed: 1712 },
    );
  });

  it('recomputes folded weights for every strip if they are not kept', () => {
    const graph = transient(fold(networkOf(['dense', 'dense'], 24)));
    const striped = prune(strips(graph, [{ segment: wholeSegment(graph), count: 3 }]));
    expect(striped.nodes.filter(({ op }) => op.name === 'abn_fold').length).toBe(6);
    expect(outputOf(striped)).toEqual(outputOf(graph));
  });

  it('has no segment through an op that mixes all rows', () => {
    const { graph } = evaluationOf([1, 2, 6, 4], (x) => {
      const y = convolution(activation(x, LEAKY), 'conv', 2);
      return convolution(avgPool(y, [6, 4]), 'context', 2, { size: 1 });
    });
    const whole = wholeSegment(graph);
    // A window as high as the image needs every row: allowed, but useless.
    expect(whole.heights.get(whole.output)).toBe(1);
    const mixed = evaluationOf([1, 2, 6, 4], (x) => globalAvgPool(convolution(activation(x, LEAKY), 'c', 2)));
    expect(cutsOf(new Flow(mixed.graph)).length).toBe(3);
  });
});

describe('a budget', () => {
  const graph = networkOf(['dense', 'pooled', 'dense', 'dilated', 'dense', 'strided', 'residual'], 96, 40);
  const compiled = (options: { budget?: number; keepConstants?: boolean }) => compile(graph, cpu(), options);
  const run = async (options: { budget?: number; keepConstants?: boolean }) => {
    const program = programOf(graph, { store: filledStore([graph]), ...options });
    const { outputs } = await program.run({
      x: Float32Array.from({ length: 3 * 96 * 40 }, (_, i) => Math.sin(i)),
    });
    return { plan: program.plan, out: outputs.out };
  };

  it('is met, with the same result', async () => {
    const whole = await run({ keepConstants: false });
    const budget = Math.floor(0.85 * whole.plan.arenaBytes);
    const { plan, out } = await run({ keepConstants: false, budget });
    expect(whole.plan.strips).toEqual([]);
    expect(plan.strips.length).toBeGreaterThan(0);
    expect(plan.arenaBytes).toBeLessThanOrEqual(budget);
    expect(out.length).toBe(whole.out.length);
    const scale = Math.max(...whole.out.map(Math.abs));
    out.forEach((value, i) => {
      expect(Math.abs(value - (whole.out[i] ?? Number.NaN)) / scale).toBeLessThan(1e-5);
    });
  });

  it('is met around ops that cannot be split by rows', () => {
    const mixed = evaluationOf([1, 3, 60, 40], (x) => {
      const y = convolution(resizeBilinear(x, [96, 40]), 'a', 8);
      const z = maxPool(convolution(y, 'b', 8), 2);
      return broadcastAdd(z, avgPool(z, [48, 20]));
    });
    const { arenaBytes } = compile(mixed.graph, cpu(), { keepConstants: false });
    const budget = Math.floor(0.8 * arenaBytes);
    const plan = compile(mixed.graph, cpu(), { keepConstants: false, budget });
    expect(plan.strips.length).toBeGreaterThan(0);
    expect(plan.arenaBytes).toBeLessThanOrEqual(budget);
  });

  it('has no effect if it is large enough', () => {
    const { arenaBytes } = compiled({});
    expect(compiled({ budget: arenaBytes }).strips).toEqual([]);
  });

  it('is met with constants, or without them if they do not fit', async () => {
    // Few pixels per weight, so weight layouts are most of the arena.
    const small = networkOf(['dense', 'pooled', 'dense', 'residual'], 24, 3);
    const planned = (options: CompileOptions) => compile(small, cpu(), options);
    const [kept, without] = [planned({ keepConstants: true }), planned({ keepConstants: false })];
    expect(planned({ keepConstants: 'auto' }).arenaBytes).toBe(kept.arenaBytes);
    expect(without.arenaBytes).toBeLessThan(kept.arenaBytes);
    const { constants } = kept.bytes;
    const plan = planned({ keepConstants: 'auto', budget: Math.max(constants, without.arenaBytes) });
    expect(plan.arenaBytes).toBe(without.arenaBytes);
    expect(plan.bytes.constants).toBeLessThan(constants);
    const least = (options: CompileOptions): number => {
      try {
        planned({ ...options, budget: 1000 });
      } catch (error) {
        if (error instanceof BudgetError) return error.least;
      }
      return Number.NaN;
    };
    expect(least({ keepConstants: true })).toBeGreaterThan(constants);
    expect(least({ keepConstants: 'auto' })).toBe(least({ keepConstants: false }));
  });

  it('is an error with the needed bytes if nothing fits', () => {
    expect(() => compiled({ keepConstants: false, budget: 1000 })).toThrow(
      /^the plan needs .* of memory in addition to the weights, or at least about .* in strips of rows, but the budget leaves 1000 B/,
    );
  });
});

describe('constants that are kept only if worthwhile', () => {
  it('are given up before anything runs in strips', () => {
    const { graph } = evaluationOf([1, 64, 5, 4], (x) => {
      return LAYERS.dense?.(convolution(x, 'first', 64), 'second') ?? x;
    });
    const kept = compile(graph, cpu(), { keepConstants: 'auto' });
    expect(kept.bytes.constants).toBeGreaterThan(0);
    const {
      bytes,
      strips: decisions,
      arenaBytes,
    } = compile(graph, cpu(), {
      keepConstants: 'auto',
      budget: kept.arenaBytes - 1,
    });
    expect({ constants: bytes.constants, decisions }).toEqual({ constants: 0, decisions: [] });
    expect(arenaBytes).toBeLessThan(kept.arenaBytes);
  });
});

describe('constants that are not kept', () => {
  it('give the same results with less memory and no prologue', async () => {
    const { graph, inputs } = evaluationOf([1, 16, 9, 8], (x) => {
      return LAYERS.dense?.(convolution(x, 'first', 16), 'second') ?? x;
    });
    const [kept, transient] = await Promise.all(
      [true, false].map(async (keepConstants) => {
        const program = programOf(graph, { store: filledStore([graph]), keepConstants });
        return { plan: program.plan, out: (await program.run(inputs)).outputs.out };
      }),
    );
    expect(transient?.plan.prologue).toBe(0);
    expect(transient?.plan.bytes.constants).toBe(0);
    expect(kept?.plan.bytes.constants).toBeGreaterThan(0);
    expect(transient?.out).toEqual(kept?.out);
  });
});
