/** Recompute does not change results, and its estimates match the plan: random networks and choices. */

import { elements } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { checkGraph } from '../../src/ir/check.js';
import type { Graph } from '../../src/ir/graph.js';
import { cpu } from '../../src/native/cpu.js';
import { alias } from '../../src/passes/alias.js';
import { order } from '../../src/passes/order.js';
import { prune } from '../../src/passes/prune.js';
import { draftPlan } from '../../src/plan/draft.js';
import { type Plan, placePlan } from '../../src/plan/plan.js';
import { chooseRecompute } from '../../src/recompute/choose.js';
import { recomputedBy } from '../../src/recompute/fit.js';
import { type Dropped, type Mode, outlook, peakOf } from '../../src/recompute/outlook.js';
import { recompute } from '../../src/recompute/pass.js';
import { type Timeline, timelineOf } from '../../src/recompute/timeline.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { networks, stepOf } from '../support/random-nets.js';

const modes = fc.array(fc.constantFrom<Mode | null>('once', 'each', null), { minLength: 24, maxLength: 24 });

function choiceOf({ droppable }: Timeline, picks: readonly (Mode | null)[]): Dropped {
  return new Map(
    droppable.flatMap((one, i) => {
      const mode = picks[i % picks.length];
      return mode ? [[one, mode] as const] : [];
    }),
  );
}

function rewritten(graph: Graph, dropped: Dropped): Graph {
  return checkGraph(order(prune(recompute(graph, recomputedBy(dropped)))), 'recompute');
}

function planOf(graph: Graph): Plan {
  return placePlan(draftPlan(graph, (spec) => cpu().prepare(spec), alias(graph), { rebuilds: [] }));
}

function rebuilding({ graph }: Plan): number {
  return graph.nodes.filter(({ rebuilds }) => rebuilds).length;
}

/** Outputs and states after one step on the reference device. */
function evaluated(graph: Graph) {
  const filled = (id: number, at: (i: number) => number) =>
    Float64Array.from({ length: elements(graph.values.get(id)?.shape ?? []) }, (_, i) => at(i));
  const inputs = [...graph.inputs].map(([name, id]) => {
    return [name, filled(id, (i) => (name === 'labels' ? i % 5 : Math.sin(i * i + 1)))] as const;
  });
  const states = graph.states.map(({ name, value }) => {
    return [
      name,
      filled(value, (i) => (name.endsWith('running_var') ? 1 : Math.cos(i + name.length))),
    ] as const;
  });
  const { outputs, states: after } = evaluateGraph(graph, new Map(inputs), new Map(states));
  // Deep equality of numbers is a hundred times slower.
  const bits = (arrays: ReadonlyMap<string, Float64Array>) =>
    Array.from(arrays, ([name, data]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1'),
    ]);
  return { outputs: bits(outputs), after: bits(after) };
}

describe('recompute', () => {
  it('does not change results, whichever values are dropped', () => {
    fc.assert(
      fc.property(networks, modes, (names, picks) => {
        const { graph } = compile(stepOf(names).graph, cpu());
        const timeline = timelineOf(planOf(graph), () => 1);
        const dropped = choiceOf(timeline, picks);
        expect(evaluated(rewritten(graph, dropped))).toEqual(evaluated(graph));
      }),
      { numRuns: 40 },
    );
  });

  it('prevents the backward pass from reading dropped values', () => {
    fc.assert(
      fc.property(networks, modes, (names, picks) => {
        const { graph } = compile(stepOf(names).graph, cpu());
        const dropped = choiceOf(
          timelineOf(planOf(graph), () => 1),
          picks,
        );
        const values = new Set([...dropped.keys()].flatMap((one) => one.values));
        const readers = rewritten(graph, dropped).nodes.filter(({ phase }) => phase === 'backward');
        expect(readers.flatMap(({ inputs }) => inputs).filter((id) => id !== null && values.has(id))).toEqual(
          [],
        );
      }),
      { numRuns: 40 },
    );
  });

  it('computes statistics once, and updates running statistics once', () => {
    fc.assert(
      fc.property(networks, modes, (names, picks) => {
        const { graph } = compile(stepOf(names).graph, cpu());
        const dropped = choiceOf(
          timelineOf(planOf(graph), () => 1),
          picks,
        );
        const count = ({ nodes }: Graph) =>
          nodes.filter(({ op }) => /^abn_(stats|running)$/.test(op.name)).length;
        expect(count(rewritten(graph, dropped))).toBe(count(graph));
      }),
      { numRuns: 20 },
    );
  });

  it('is estimated: the recomputed work exactly, the peak within a fifth', () => {
    fc.assert(
      fc.property(networks, modes, (names, picks) => {
        const { graph } = compile(stepOf(names).graph, cpu());
        const whole = planOf(graph);
        const timeline = timelineOf(whole, () => 1);
        const dropped = choiceOf(timeline, picks);
        const foreseen = outlook(timeline, dropped);
        const made = planOf(rewritten(graph, dropped));
        // Values that only the backward pass reads are no longer computed in the forward pass.
        const more = rebuilding(whole) + foreseen.cost - rebuilding(made);
        expect(more).toBeGreaterThanOrEqual(0);
        // If readers share one output of a node but have their own copy of the other, the node may run less
        // often than estimated, and so may its ancestors.
        const foreseeable = ![...dropped.values()].includes('each');
        expect(more).toBeLessThanOrEqual(foreseeable ? 0 : 1 + foreseen.cost / 4);
        const ratio = Math.max(...foreseen.live) / made.peak.bytes;
        expect(ratio).toBeGreaterThan(0.8);
        expect(ratio).toBeLessThan(1.25);
      }),
      { numRuns: 60 },
    );
  });

  it('estimates the plan exactly if nothing is dropped', () => {
    fc.assert(
      fc.property(networks, (names) => {
        const plan = compile(stepOf(names).graph, cpu());
        const { live, cost } = outlook(
          timelineOf(plan, () => 1),
          new Map(),
        );
        expect([...live]).toEqual([...plan.live]);
        expect(cost).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('costs no more for a budget than the cheapest single buffer that fits', () => {
    let fitting = 0;
    fc.assert(
      fc.property(networks, fc.double({ min: 0.9, max: 0.99, noNaN: true }), (names, share) => {
        const timeline = timelineOf(planOf(compile(stepOf(names).graph, cpu()).graph), ({ node }) =>
          node.inputs.length > 2 ? 3 : 2,
        );
        const budget = share * peakOf(outlook(timeline, new Map()));
        const alone = timeline.droppable.map((one) => outlook(timeline, new Map([[one, 'once']])));
        const costs = alone.filter((seen) => peakOf(seen) <= budget).map(({ cost }) => cost);
        if (costs.length === 0) return;
        fitting++;
        const { cost, peak } = chooseRecompute(timeline, budget);
        expect(peak).toBeLessThanOrEqual(budget);
        expect(cost).toBeLessThanOrEqual(Math.min(...costs));
      }),
      { numRuns: 100 },
    );
    expect(fitting).toBeGreaterThan(20);
  });
});
